/** What this SDK calls itself in a Hello. */
import type { SdkInfo } from '@flagstream/replica';

export const SDK_INFO: SdkInfo = Object.freeze({
  name: 'flagstream-client',
  version: '0.1.0',
  language: 'javascript',
});
