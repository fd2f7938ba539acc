// Preload: gives an attempt a port and notes of its own where AppWright has fixed ones.
'use strict';
const fs = require('fs');
const net = require('net');
const path = require('path');

// Connections to the loopback port that AppWright hard-codes go to the attempt's own gateway.
const port = Number(process.env.QGJOB_GATEWAY_PORT);
const connect = net.Socket.prototype.connect;
const isLocal = host => host === undefined || host === 'localhost' || host === '127.0.0.1' || host === '::1';

net.Socket.prototype.connect = function (...args) {
  // net.connect passes its normalized arguments as one array.
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (port && options && typeof options === 'object' && Number(options.port) === 4723 && isLocal(options.host)) {
    options.port = port;
    options.host = '127.0.0.1';
  }
  return connect.apply(this, args);
};

// AppWright 0.1.46 notes what its workers do in a file below the current folder (worker-info-0.json). Attempts that share a
// workspace would find each other's there, half-written at times, and its tests would fail on that.
const shared = path.join(process.cwd(), 'playwright-report', 'data', 'videos-store');
// Not beside this script, which all attempts use.
const own = path.join(path.dirname(process.env.QGJOB_EVENTS || __filename), 'workers');

for (const name of ['existsSync', 'mkdirSync', 'readFileSync', 'writeFileSync']) {
  const original = fs[name];
  fs[name] = function (file, ...rest) {
    return original.call(this, typeof file === 'string' && file.startsWith(shared) ? own + file.slice(shared.length) : file, ...rest);
  };
}
