// The messages of the Language Server Protocol over a carrier. `netspec serve` is reached by a WebSocket; whatever else
// carries the same messages, such as a Worker, can take its place.

export interface Carrier {
  send(text: string): void;
  close(): void;
}

export interface Listener {
  message(text: string): void;
  closed(code: number): void;
}

export type Connect = (listener: Listener) => Promise<Carrier>;

/** What a request was refused with: a sentence, and the code that explains it. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

export class Client {
  private carrier: Carrier | undefined;
  private waiting = new Map<number, { done(result: unknown): void; refused(error: Error): void }>();
  private number = 0;

  constructor(
    private connect: Connect,
    private told: (method: string, params: any) => void,
    private closed: (code: number) => void,
  ) {}

  async open(): Promise<void> {
    this.carrier = await this.connect({ message: (text) => this.take(text), closed: (code) => this.end(code) });
  }

  get connected(): boolean {
    return this.carrier !== undefined;
  }

  close(): void {
    this.carrier?.close();
  }

  request<Result = any>(method: string, params: object = {}): Promise<Result> {
    return new Promise((done, refused) => {
      if (this.carrier === undefined) return refused(new Refused("", ""));
      const id = ++this.number;
      this.waiting.set(id, { done: done as (result: unknown) => void, refused });
      this.carrier.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  notify(method: string, params: object): void {
    this.carrier?.send(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  private take(text: string): void {
    const found = JSON.parse(text);
    if (found.method !== undefined) return this.told(found.method, found.params);
    const waiting = this.waiting.get(found.id);
    this.waiting.delete(found.id);
    if (found.error === undefined) waiting?.done(found.result);
    else waiting?.refused(new Refused(found.error.message, found.error.data?.code ?? ""));
  }

  private end(code: number): void {
    this.carrier = undefined;
    for (const each of this.waiting.values()) each.refused(new Refused("", ""));
    this.waiting.clear();
    this.closed(code);
  }
}

export function webSocket(address: () => URL): Connect {
  return (listener) =>
    new Promise((opened, failed) => {
      const socket = new WebSocket(address());
      socket.onopen = () => opened({ send: (text) => socket.send(text), close: () => socket.close() });
      socket.onmessage = (event) => listener.message(event.data as string);
      socket.onclose = (event) => {
        failed(new Refused("", ""));
        listener.closed(event.code);
      };
    });
}
