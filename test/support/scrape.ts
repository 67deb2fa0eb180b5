// One number from a process's /metrics.

/**
 * The sample whose name and labels read as `sample`, for example `flagstream_transfers_total{kind="full"}`.
 * @throws Error when there is none
 */
export async function scrape(managementPort: number, sample: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  if (line === undefined) throw new Error(`port ${managementPort} has no metric ${sample}`);
  return Number(line.slice(sample.length + 1));
}
