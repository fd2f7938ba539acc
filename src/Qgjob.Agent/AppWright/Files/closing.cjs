// Preload: just before a test's session is closed, notes for the agent whether the test has failed. The agent then takes a
// picture of the screen before it lets the session end; the test gets it as an attachment, for every report to show.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');
const path = require('path');
const note = process.env.QGJOB_CLOSING;
const folder = path.join(process.env.QGJOB_OUT || '', 'screenshots');

// Playwright's own notion of the test that runs in this process, if one does.
function currentTest() {
  const file = Object.keys(require.cache).find(name => /[\\/]playwright[\\/]lib[\\/]common[\\/]globals\.js$/.test(name));
  return file && require.cache[file].exports.currentTestInfo?.();
}

function picture(test) {
  const words = [...test.titlePath.slice(1), `try ${test.retry + 1}`].join(' ');
  const name = words.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(-100);
  for (let n = 1; ; n++) {
    const file = path.join(folder, n === 1 ? `${name}.png` : `${name}-${n}.png`);
    if (!fs.existsSync(file)) return file;
  }
}

function closing() {
  try {
    const test = currentTest();
    if (!test) return;
    const failed = test.status !== test.expectedStatus && test.status !== 'skipped';
    const file = failed ? picture(test) : undefined;
    fs.writeFileSync(note, JSON.stringify({ failed, file }));
    if (failed) test.attachments.push({ name: 'screenshot at failure', contentType: 'image/png', path: file });
  } catch {
    // Then the agent takes its picture all the same: nothing was noted.
  }
}

const isSession = (method, target) => String(method).toUpperCase() === 'DELETE' && /\/session\/[^/?]+\/?$/.test(String(target).split('?')[0]);

if (note) {
  for (const library of [http, https]) {
    const request = library.request;
    library.request = function (...args) {
      const [url, options] = typeof args[0] === 'string' || args[0] instanceof URL ? [new URL(String(args[0])), args[1]] : [undefined, args[0]];
      if (options && isSession(options.method, options.path ?? url?.pathname ?? '')) closing();
      return request.apply(this, args);
    };
  }
  require('module').syncBuiltinESMExports();
  const fetch = globalThis.fetch;
  if (fetch) {
    globalThis.fetch = function (target, options) {
      if (isSession(options?.method ?? target?.method, target?.url ?? target)) closing();
      return fetch.call(this, target, options);
    };
  }
}
