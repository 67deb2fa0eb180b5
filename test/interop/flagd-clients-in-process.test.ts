// OpenFeature with flagd's providers in process, in five languages: each is sent all flags, and has an engine of its own.

import { checkClients } from './support/flagd-capabilities.ts';
import { IN_PROCESS_CLIENTS } from './support/flagd-clients.ts';

checkClients('flagd-clients-in-process', 'in-process', IN_PROCESS_CLIENTS);
