// Starts a node for a test: the development preset, a temporary database, any free port.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

// A node compiles its runtime at start, which is slow on a busy machine.
const READY_MS = 120_000;
const STOP_MS = 20_000;

/**
 * Starts `binary` and, once its RPC server listens, resolves to `{ url, stop }`: `url` is its
 * WebSocket address, `stop()` stops it and resolves to its exit code.
 */
export async function startNode(binary) {
  const child = spawn(
    binary,
    [
      '--dev',
      '--tmp',
      '--rpc-port=0',
      '--listen-addr=/ip4/127.0.0.1/tcp/0',
      '--no-mdns',
      '--no-prometheus',
      '--no-telemetry',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  const exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));

  const tail = [];
  const url = await new Promise((resolve, reject) => {
    const fail = (why) => {
      child.kill('SIGKILL');
      reject(new Error(`${why}\n${tail.join('\n')}`));
    };
    const timer = setTimeout(() => fail(`no RPC server after ${READY_MS / 1000} s`), READY_MS);
    child.once('error', (error) => fail(`${binary} does not start: ${error.message}`));
    exited.then((code) => fail(`the node ended with code ${code}`));
    createInterface({ input: child.stderr }).on('line', (line) => {
      tail.push(line);
      if (tail.length > 40) tail.shift();
      const port = line.match(/Running JSON-RPC server: addr=127\.0\.0\.1:(\d+)/)?.[1];
      if (port) {
        clearTimeout(timer);
        resolve(`ws://127.0.0.1:${port}`);
      }
    });
  });

  const stop = async () => {
    child.kill('SIGINT');
    const timer = setTimeout(killed, STOP_MS);
    const code = await exited;
    clearTimeout(timer);
    process.removeListener('exit', killed);
    return code;
  };
  return { url, stop };
}
