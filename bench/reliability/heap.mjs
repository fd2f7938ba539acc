// Lets a .NET process collect all its garbage and prints how many MB of its heap are still in use: what grows there from run
// to run is a leak, which resident memory does not tell.
//   node heap.mjs PID FOLDER     FOLDER is the process's TMPDIR, where its diagnostics socket is
import net from 'node:net';
import fs from 'node:fs';
import path from 'node:path';

const [pid, folder] = process.argv.slice(2);
const name = fs.readdirSync(folder).find((f) => f.startsWith(`dotnet-diagnostic-${pid}-`) && f.endsWith('-socket'));
if (!name) throw new Error(`process ${pid} has no diagnostics socket in ${folder}`);

// The runtime's diagnostics protocol: CollectTracing2 (command set 2, command 3) with the keywords GC and GCHeapCollect. The latter
// makes a full collection, after which the runtime sends the event GCHeapStats_V2.
const text = (value) => {
  const bytes = Buffer.alloc(4 + 2 * (value.length + 1));
  bytes.writeUInt32LE(value.length + 1);
  bytes.write(value, 4, 'utf16le');
  return bytes;
};
const keywords = Buffer.alloc(12);
keywords.writeBigUInt64LE(0x800001n);
keywords.writeUInt32LE(5, 8);
const start = Buffer.alloc(13);
start.writeUInt32LE(16);
start.writeUInt32LE(1, 4);
start.writeUInt32LE(1, 9);
const body = Buffer.concat([start, keywords, text('Microsoft-Windows-DotNETRuntime'), Buffer.alloc(4)]);
const header = Buffer.alloc(20);
header.write('DOTNET_IPC_V1\0', 'latin1');
header.writeUInt16LE(20 + body.length, 14);
header.writeUInt8(2, 16);
header.writeUInt8(3, 17);

const chunks = [];
const socket = net.connect(path.join(folder, name), () => socket.write(Buffer.concat([header, body])));
socket.on('error', (e) => { console.error(e.message); process.exitCode = 1; });
socket.on('data', (chunk) => chunks.push(chunk));
setTimeout(() => {
  socket.destroy();
  const stream = Buffer.concat(chunks);
  // The event has 110 bytes: size and survivors of each generation, then counts. Anything else that begins like it has no such numbers.
  let live;
  for (let i = 0; i + 111 <= stream.length; i++) {
    if (stream[i] !== 110) continue;
    const event = stream.subarray(i + 1);
    const sizes = [0, 8, 16, 24, 32, 40, 48, 56, 94, 102].map((at) => Number(event.readBigUInt64LE(at)));
    const counts = [80, 88].map((at) => event.readUInt32LE(at));
    if (sizes.some((n) => n > 2 ** 34 || n % 8) || counts.some((n) => n > 1e6) || event.readUInt16LE(92) > 100) continue;
    const survivors = sizes.filter((_, n) => n % 2 === 1).reduce((sum, n) => sum + n, 0);
    // The first one is the full collection; later ones leave old generations alone.
    if (survivors > 200_000) live ??= survivors;
  }
  if (live) console.log((live / 1e6).toFixed(1));
  else process.exitCode = 1;
}, 5000);
