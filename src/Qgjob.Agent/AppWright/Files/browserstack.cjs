// Preload: what AppWright says to BrowserStack goes to the agent's gateway, which puts the credentials in and speaks TLS itself.
'use strict';
const Module = require('module');
const net = require('net');
const tls = require('tls');
const port = Number(process.env.QGJOB_CLOUD_PORT);
const isCloud = host => typeof host === 'string' && (host === 'browserstack.com' || host.endsWith('.browserstack.com'));

// tls.connect([port][, host][, options][, callback]), of which every HTTP client of Node makes its connections.
function optionsOf(args) {
  const options = args.find(a => a && typeof a === 'object') ?? {};
  return options.servername || options.host || options.hostname || args.find(a => typeof a === 'string');
}

if (port) {
  const connect = tls.connect;
  tls.connect = function (...args) {
    if (!isCloud(optionsOf(args))) return connect.apply(this, args);
    const socket = net.connect({ host: '127.0.0.1', port });
    const callback = args.find(a => typeof a === 'function');
    if (callback) socket.once('secureConnect', callback);
    // Clients wait for this one before they speak.
    socket.once('connect', () => socket.emit('secureConnect'));
    return socket;
  };
  Module.syncBuiltinESMExports();

  // After each test AppWright waits ten seconds for a video; the agent fetches it when the tests are done.
  const load = Module._load;
  Module._load = function (request, ...rest) {
    const exports = load.call(this, request, ...rest);
    const provider = request.includes('browserstack') ? exports?.BrowserStackDeviceProvider : undefined;
    if (provider?.prototype) provider.downloadVideo = provider.prototype.downloadVideo = async () => null;
    return exports;
  };
}
