// EventSource, which browsers have and Node does not: as much of it as the provider asks for. It opens an address with no
// headers of ours, as a browser does, and comes back by itself with the id of the last event.

const RETRY_MS = 50;

export class EventSource {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 2;
  readyState = EventSource.CONNECTING;
  #url;
  #listeners = new Map();
  #lastEventId = '';
  #abort = new AbortController();

  constructor(url) {
    this.#url = url;
    void this.#run();
  }

  addEventListener(type, listener) {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  close() {
    this.readyState = EventSource.CLOSED;
    this.#abort.abort();
  }

  async #run() {
    while (this.readyState !== EventSource.CLOSED) {
      try {
        await this.#read();
      } catch {
        // It comes back.
      }
      if (this.readyState === EventSource.CLOSED) break;
      this.readyState = EventSource.CONNECTING;
      this.#tell('error', {});
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #read() {
    const headers = this.#lastEventId === '' ? {} : { 'last-event-id': this.#lastEventId };
    const response = await fetch(this.#url, { headers, signal: this.#abort.signal });
    if (response.status !== 200) {
      this.readyState = EventSource.CLOSED;
      this.#tell('error', {});
      return;
    }
    this.readyState = EventSource.OPEN;
    this.#tell('open', {});
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block) {
    let type = 'message';
    const data = [];
    for (const line of block.split('\n')) {
      const [name, value] = line.split(/: ?(.*)/s, 2);
      if (name === 'id') this.#lastEventId = value;
      if (name === 'event') type = value;
      if (name === 'data') data.push(value);
    }
    if (data.length > 0) this.#tell(type, { data: data.join('\n'), lastEventId: this.#lastEventId });
  }

  #tell(type, event) {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}
