// Streams what happens as JSON lines; each line is on disk before the next test step.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const file = process.env.QGJOB_EVENTS;
const root = process.env.QGJOB_ROOT;
const out = process.env.QGJOB_OUT;
// What is told of one try; a test that polls in a loop makes a step each time.
const mostSteps = 5000;
const write = event => fs.appendFileSync(file, JSON.stringify(event) + '\n');
const where = location => ({ file: path.relative(root, location.file).split(path.sep).join('/'), line: location.line });
// titlePath: '', project, file, describe…, test
const describe = test => ({ id: test.id, title: test.titlePath().slice(3), project: test.titlePath()[1] || undefined, ...where(test.location) });
const failure = error => ({ message: error.message ?? String(error.value ?? ''), snippet: error.snippet, line: error.location?.line });

class StreamReporter {
  // Of each try that runs: its steps that were told, with their numbers; steps that were too many; attachments that were told.
  running = new Map();

  printsToStdio() {
    return false;
  }

  onBegin(config, suite) {
    if (process.env.QGJOB_SELECTION) refuseDivided(suite);
    write({ event: 'begin', total: suite.allTests().length });
  }

  onTestBegin(test, result) {
    this.running.set(result, { steps: new Map(), left: 0, attached: 0 });
    write({ event: 'start', ...describe(test), retry: result.retry, at: result.startTime });
  }

  onStepBegin(test, result, step) {
    const told = this.running.get(result);
    if (!told) return;
    if (told.steps.size >= mostSteps) {
      told.left++;
      return;
    }
    const parent = told.steps.get(step.parent);
    told.steps.set(step, told.steps.size);
    write({ event: 'step', id: test.id, in: parent, title: step.title, category: step.category });
  }

  onStepEnd(test, result, step) {
    const number = this.running.get(result)?.steps.get(step);
    if (number !== undefined) write({ event: 'stepped', id: test.id, step: number, ms: step.duration, error: step.error && failure(step.error).message });
    this.tellAttachments(test, result);
  }

  onTestEnd(test, result) {
    this.tellAttachments(test, result);
    write({
      event: 'end',
      ...describe(test),
      retry: result.retry,
      status: result.status,
      expected: test.expectedStatus,
      outcome: test.outcome(),
      ms: result.duration,
      errors: result.errors.map(failure),
      tags: test.tags,
      annotations: test.annotations.map(a => ({ type: a.type, description: a.description })),
      steps_left: this.running.get(result)?.left,
    });
    this.running.delete(result);
  }

  // As they come, so that those of a test that is killed are known.
  tellAttachments(test, result) {
    const told = this.running.get(result);
    if (!told) return;
    for (const a of result.attachments.slice(told.attached)) write({ event: 'attached', id: test.id, name: a.name, type: a.contentType, path: a.path ?? keep(a) });
    told.attached = result.attachments.length;
  }

  onError(error) {
    write({ event: 'error', message: failure(error).message });
  }

  onEnd(result) {
    write({ event: 'finish', status: result.status });
  }
}

// A file that imports its serial mode from elsewhere shows it only here. Ends the process before a test has begun: none of the
// file's parts may run a few tests of a row that only make sense together.
function refuseDivided(suite) {
  const { slice } = JSON.parse(fs.readFileSync(process.env.QGJOB_SELECTION, 'utf8'));
  const serial = slice && serialIn(suite);
  if (!serial) return;
  console.error(`qgjob: ${where(serial.location).file}:${serial.location.line} is in serial mode: its tests build upon one another, so the file cannot be divided. Submit it without --split.`);
  process.exit(1);
}

function serialIn(suite) {
  if (suite._parallelMode === 'serial' && suite.location && suite.allTests().some(t => path.resolve(t.location.file) === process.env.QGJOB_TEST)) return suite;
  for (const inner of suite.suites) {
    const found = serialIn(inner);
    if (found) return found;
  }
  return undefined;
}

// An attachment without a file becomes one, so that it can be fetched like the others; the JSON report names it by the same hash.
function keep(attachment) {
  if (!attachment.body) return undefined;
  const folder = path.join(out, 'attachments');
  const ending = { 'text/plain': '.txt', 'application/json': '.json', 'image/png': '.png', 'image/jpeg': '.jpg', 'text/html': '.html' };
  const name = crypto.createHash('sha1').update(attachment.body).digest('hex') + (ending[attachment.contentType] ?? '.bin');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), attachment.body);
  return path.join(folder, name);
}

module.exports = StreamReporter;
