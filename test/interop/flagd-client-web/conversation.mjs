// What the programs over web providers do: this folder's in Node, ../openfeature-browser's page in a browser. Each brings the
// packages from its own folder.

/**
 * Resolves once the provider is ready, to what answers one question. An application in a browser has one context: where a
 * question has another one than the last, it is set first, and the provider asks for all flags anew.
 */
export async function converse({ OpenFeature, ProviderEvents }, provider, print) {
  const events = {
    ready: ProviderEvents.Ready,
    stale: ProviderEvents.Stale,
    error: ProviderEvents.Error,
    changed: ProviderEvents.ConfigurationChanged,
  };
  const client = OpenFeature.getClient();
  for (const [event, name] of Object.entries(events))
    client.addHandler(name, (details) => print({ event, flags: details?.flagsChanged ?? [] }));
  await OpenFeature.setProviderAndWait(provider);
  print({ started: true });

  const ask = {
    boolean: client.getBooleanDetails,
    string: client.getStringDetails,
    integer: client.getNumberDetails,
    number: client.getNumberDetails,
    object: client.getObjectDetails,
  };
  return async ({ id, type, flag, default: fallback, context }) => {
    if (JSON.stringify(context) !== JSON.stringify(OpenFeature.getContext()))
      await OpenFeature.setContext(context);
    const { value, variant, reason, errorCode, flagMetadata } = ask[type].call(client, flag, fallback);
    return { id, value, variant, reason, errorCode, metadata: flagMetadata };
  };
}
