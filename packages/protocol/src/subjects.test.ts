import { expect, it } from 'vitest';
import { reportSubject, reportSubjectWildcard } from './subjects.ts';

it.each([
  ['node-1_A', 'flagstream.report.node-1_A'],
  ['host.example', 'flagstream.report.host%2eexample'],
  ['a b*>é%', 'flagstream.report.a%20b%2a%3e%c3%a9%25'],
])('the subject of the reports of node %j is one token below the wildcard', (nodeId, subject) => {
  expect(reportSubject('flagstream', nodeId)).toBe(subject);
  expect(reportSubjectWildcard('flagstream')).toBe('flagstream.report.*');
  expect(subject.split('.')).toHaveLength(3);
});
