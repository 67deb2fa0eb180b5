// Marks by which a string says where it belongs, and how they are found again in what somebody is told.

/** What of a project, or of an environment, a mark stands for. */
type ProjectPart = 'name' | 'shared' | 'hidden';
type EnvironmentPart = 'name' | 'config' | 'keys';

export interface Spot {
  readonly p: number;
  readonly e: number;
}

export const MARK = /[mg]kp\de?\d?(?:name|shared|hidden|config|keys)/g;

export const projectMark = (p: number, part: ProjectPart): string => `mkp${p}${part}`;
export const environmentMark = ({ p, e }: Spot, part: EnvironmentPart): string => `mkp${p}e${e}${part}`;

export const projectName = (p: number): string => `projects/${projectMark(p, 'name')}`;
export const environmentName = (spot: Spot): string =>
  `${projectName(spot.p)}/environments/${environmentMark(spot, 'name')}`;

const KEY_OF_NO_PROJECT = /(?<!\/)\bkeys\/([0-9a-z]{16})\b/g;
const turned = (id: string): string => [...id].reverse().join('');

/** The same text about what nothing has: other marks, and other keys of no project, of the same length. */
export const ghostOf = (text: string): string =>
  text.replaceAll('mkp', 'gkp').replaceAll(KEY_OF_NO_PROJECT, (_name, id: string) => `keys/${turned(id)}`);

/** What was said, without whether it was said of a ghost. */
export const saidOfEither = (text: string): string =>
  text
    .replaceAll('gkp', 'mkp')
    .replaceAll(KEY_OF_NO_PROJECT, (_name, id: string) => `keys/${[id, turned(id)].sort()[0]}`);
