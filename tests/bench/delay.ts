/**
 * A relay that hands every byte of an answer on some milliseconds late: a worker, so that it costs
 * the measured thread nothing. It is told `{ port, milliseconds }` of the server and answers with its
 * own port.
 */

interface Thread {
  onmessage: ((event: MessageEvent<{ port: number; milliseconds: number }>) => void) | null;
  postMessage(port: number): void;
}

async function relay(client: Deno.Conn, port: number, milliseconds: number): Promise<void> {
  using server = await Deno.connect({ hostname: "127.0.0.1", port });
  server.setNoDelay();
  const back = async () => {
    let last = Promise.resolve();
    const buffer = new Uint8Array(64 * 1024);
    for (;;) {
      const n = await server.read(buffer);
      if (n === null) break;
      const bytes = buffer.slice(0, n);
      const due = new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
      last = Promise.all([last, due]).then(() => write(client, bytes));
    }
    await last;
    client.close();
  };
  await Promise.allSettled([pump(client, server), back()]);
}

async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const n = await from.read(buffer);
    if (n === null) return to.close();
    await write(to, buffer.subarray(0, n));
  }
}

async function write(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

const thread = globalThis as unknown as Thread;
thread.onmessage = async ({ data: { port, milliseconds } }) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  thread.postMessage(listener.addr.port);
  for await (const client of listener) {
    client.setNoDelay();
    relay(client, port, milliseconds).catch(() => {});
  }
};
