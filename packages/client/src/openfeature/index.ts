/** The OpenFeature server provider: `@flagstream/client/openfeature`. */
export { FlagstreamProvider } from './flagstream-provider.ts';
