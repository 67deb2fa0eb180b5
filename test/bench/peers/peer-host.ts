// Process with one peer: `node peer-host.js NAME`.

import process from 'node:process';
import { hostCases } from '../case-host.ts';
import { PEERS } from './all-peers.ts';
import { peerCase } from './peer-cases.ts';

const peer = PEERS[process.argv[2] ?? ''];
if (peer === undefined) throw new Error(`there is no peer ${process.argv[2]}`);
hostCases((name) => peerCase(peer, name));
