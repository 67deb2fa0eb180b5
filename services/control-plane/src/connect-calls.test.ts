// What curl and browsers get from a control plane.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { controlPlane } from './control-plane.fixture.ts';

const ADMIN = 'flagstream.v1.AdminService';

const caller =
  (address: string) =>
  (method: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`http://${address}/${ADMIN}/${method}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });

describe('a control plane over HTTP', () => {
  it('takes changes and answers questions as JSON', async () => {
    const { address } = await controlPlane();
    const post = caller(address);
    const project = { name: 'projects/web', displayName: 'Web' };
    const created = await post('CreateProject', { project, projectId: 'web' });
    expect(created.status).toBe(200);
    const { projects } = (await (await post('ListProjects', {})).json()) as { projects: { name: string }[] };
    expect(projects.map(({ name }) => name)).toContain('projects/web');
    const read = await fetch(
      `http://${address}/${ADMIN}/GetProject?message=${encodeURIComponent('{"name":"projects/web"}')}`,
    );
    expect(await read.json()).toMatchObject({ project: { displayName: 'Web' } });
  });

  it('says where health and metrics are', async () => {
    const { address, running } = await controlPlane();
    const { hint } = (await (await fetch(`http://${address}/metrics`)).json()) as { hint: string };
    expect(hint).toContain(`health and metrics on ${running.managementPort}`);
  });

  it('changes nothing by a GET', async () => {
    const { address } = await controlPlane();
    const response = await fetch(`http://${address}/${ADMIN}/CreateProject?message=%7B%7D`);
    expect(response.status).toBe(405);
  });

  it('asks for a key where keys are asked for', async () => {
    const { address, data } = await controlPlane({ requireKeys: true });
    const post = caller(address);
    const refused = await post('ListProjects', {});
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({
      code: 'unauthenticated',
      details: [{ debug: { reason: 'UNAUTHENTICATED' } }],
    });
    const key = readFileSync(path.join(data, 'owner-key'), 'utf8').trim();
    expect((await post('ListProjects', {}, { authorization: `Bearer ${key}` })).status).toBe(200);
  });
});
