// OpenFeature with flagd's providers in RPC mode, in five languages and in a browser: a server is asked for each answer.

import { checkClients } from './support/flagd-capabilities.ts';
import { RPC_CLIENTS } from './support/flagd-clients.ts';

checkClients('flagd-clients', 'rpc', RPC_CLIENTS);
