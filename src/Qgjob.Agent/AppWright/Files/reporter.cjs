// Streams what happens as JSON lines; each line is on disk before the next test step.
'use strict';
const fs = require('fs');
const path = require('path');
const file = process.env.QGJOB_EVENTS;
const root = process.env.QGJOB_ROOT;
const write = event => fs.appendFileSync(file, JSON.stringify(event) + '\n');
const where = location => ({ file: path.relative(root, location.file).split(path.sep).join('/'), line: location.line });
// titlePath: '', project, file, describe…, test
const describe = test => ({ id: test.id, title: test.titlePath().slice(3), ...where(test.location) });

class StreamReporter {
  printsToStdio() {
    return false;
  }

  onBegin(config, suite) {
    write({ event: 'begin', total: suite.allTests().length });
  }

  onTestBegin(test, result) {
    write({ event: 'start', ...describe(test), retry: result.retry });
  }

  onTestEnd(test, result) {
    write({
      event: 'end',
      ...describe(test),
      retry: result.retry,
      status: result.status,
      expected: test.expectedStatus,
      outcome: test.outcome(),
      ms: result.duration,
      errors: result.errors.map(error => ({ message: error.message ?? String(error.value ?? ''), snippet: error.snippet, line: error.location?.line })),
    });
  }

  onError(error) {
    write({ event: 'error', message: error.message ?? String(error.value ?? '') });
  }

  onEnd(result) {
    write({ event: 'finish', status: result.status });
  }
}

module.exports = StreamReporter;
