// Which of the file's tests an attempt is to run, as patterns for Playwright's grepInvert.
'use strict';
const fs = require('fs');
const path = require('path');

// Tests in serial mode, or with AppWright's persistentDevice, build upon one another: without those before it, one cannot pass.
const dependent = /\bserial\b|\bpersistentDevice\b/;

// What an attempt at a part of a divided file has to run by Playwright's own sharding; undefined: the selection says which tests.
exports.shard = function (selectionFile) {
  if (!selectionFile) return undefined;
  const { only, slice } = JSON.parse(fs.readFileSync(selectionFile, 'utf8'));
  return slice?.sharded && !only ? { current: slice.index, total: slice.of } : undefined;
};

exports.left = function (file, selectionFile) {
  if (!selectionFile) return [];
  const { only, except, slice } = JSON.parse(fs.readFileSync(selectionFile, 'utf8'));
  const word = dependent.exec(fs.readFileSync(file, 'utf8'))?.[0];
  // Workers load this, too; once is enough.
  const say = text => process.env.TEST_WORKER_INDEX === undefined && console.log(`qgjob: ${text}`);
  if (slice) say(`this is part ${slice.index} of ${slice.of} of ${path.basename(file)}`);
  if (slice && !only && !except?.length) return [];
  // Of a divided file the other parts run the rest; whether it may be divided was looked at more closely.
  if (word && !slice) {
    say(`only some tests of ${path.basename(file)} have to run, but it says '${word}': its tests may depend on one another, so all of it runs`);
    return [];
  }
  say(`only some tests of ${path.basename(file)} have to run: ${only ? `${only.length} chosen ones` : 'all'}${except ? `, without ${except.length} that are done${slice ? ', or in other parts' : ''}` : ''}`);
  const patterns = [];
  if (only) patterns.push(new RegExp(`^(?![^]*${anyOf(file, only)})`));
  if (except?.length > 0) patterns.push(new RegExp(anyOf(file, except)));
  return patterns;
};

// Playwright matches "project folder/file describe title", each followed by its tags, joined by blanks. Where two tests of a
// file read alike in that form, both match; who chose the tests knows that.
function anyOf(file, titlePaths) {
  const tags = '(?:\\s+@\\S+)*';
  const titles = titlePaths.map(titles => {
    const words = titles.join(' ').split(/\s+/).filter(w => w !== '' && !w.startsWith('@'));
    return words.map(w => `\\s+${escape(w)}${tags}`).join('');
  });
  return `(?:^|[\\s\\\\/])${escape(path.basename(file))}${tags}(?:${titles.join('|')})\\s*$`;
}

function escape(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
