// Preload: sends connections to the loopback port that AppWright hard-codes to the attempt's own gateway.
'use strict';
const net = require('net');
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
