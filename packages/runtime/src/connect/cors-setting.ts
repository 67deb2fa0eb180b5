/** Pages that may call, as a setting. */
import * as z from 'zod';
import { LOCAL_ORIGINS, ORIGIN_PATTERN } from './cross-origin.ts';

/** Without a default. */
export const originsSchema: z.ZodType<readonly string[]> = z
  .array(
    z
      .string()
      .regex(
        ORIGIN_PATTERN,
        'must be "*", or an origin such as https://app.example.com, or http://localhost:*',
      ),
  )
  .readonly();

export const corsOriginsSchema: z.ZodType<readonly string[]> = originsSchema
  .default(LOCAL_ORIGINS)
  .describe('Origins whose pages may call from a browser; "*" is every page, a port of "*" every port.');
