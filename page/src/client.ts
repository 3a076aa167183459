// The messages of the Language Server Protocol over a carrier: a WebSocket to `netspec serve`, or a Worker in which the
// engine runs without a server.

/** Why an engine was lost. */
export const ENDED = 4001;
export const SLOW = 4002;
export const FULL = 4003;
const LONGEST = 30_000; // ms that a Worker may take for a message

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

/** What is saved in the browser: the texts of specs by their names. */
export const saved = {
  all: (): Record<string, string> => JSON.parse(localStorage.getItem("netspec files") ?? "{}"),
  write: (path: string, text: string) => localStorage.setItem("netspec files", JSON.stringify({ ...saved.all(), [path]: text })),
};

export function worker(address: URL): Connect {
  return (listener) =>
    new Promise((opened, failed) => {
      const own = new Worker(address, { type: "module" });
      const writing = new Map<number, { path: string; text: string }>();
      let timer = 0;
      let asked = 0;
      const end = (code: number) => {
        own.terminate();
        clearTimeout(timer);
        failed(new Refused("", ""));
        listener.closed(code);
      };
      const watch = (more: number) => {
        asked += more;
        clearTimeout(timer);
        if (asked > 0) timer = window.setTimeout(() => end(SLOW), LONGEST);
      };
      const send = (text: string) => {
        if (text.includes('"id":')) watch(1);
        if (text.includes('"method":"serve/write"')) {
          const { id, params } = JSON.parse(text);
          writing.set(id, params);
        }
        own.postMessage(text);
      };
      own.onerror = () => end(ENDED);
      own.onmessage = ({ data }: MessageEvent<string>) => {
        if (data === "ready") {
          for (const [path, text] of Object.entries(saved.all())) {
            const params = { path, text, version: null };
            own.postMessage(JSON.stringify({ jsonrpc: "2.0", id: 0, method: "serve/write", params }));
          }
          return opened({ send, close: () => end(ENDED) });
        }
        if (!data.startsWith("{")) return failed(new Error(data));
        const id = Number(/^\{"jsonrpc":"2\.0","id":(\d+),/.exec(data)?.[1] ?? 0);
        if (id > 0) watch(-1);
        const written = writing.get(id);
        writing.delete(id);
        if (written !== undefined && data.includes('"result":')) saved.write(written.path, written.text);
        listener.message(data);
      };
    });
}
