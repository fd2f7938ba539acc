// Turns the user's config into the one for this attempt. The user's file is only read.
'use strict';
const fs = require('fs');
const path = require('path');
const selection = require('./selection.cjs');
const env = process.env;

exports.adapt = function (loaded) {
  const base = unwrap(loaded);
  const file = env.QGJOB_CONFIG;
  const dir = path.dirname(file);
  const abs = p => (typeof p === 'string' ? path.resolve(dir, p) : p);
  const projects = Array.isArray(base.projects) && base.projects.length > 0 ? base.projects : [{ name: '' }];

  if (env.QGJOB_LIST) {
    const list = projects.map(p => {
      const use = { ...base.use, ...p.use };
      return {
        name: p.name ?? '',
        platform: text(use.platform),
        provider: text(use.device && use.device.provider),
        build_path: text(use.buildPath),
        device_name: text(use.device && use.device.name),
        device_os: text(use.device && use.device.osVersion),
        dependencies: [...(p.dependencies ?? []), ...(p.teardown ? [p.teardown] : [])],
      };
    });
    fs.writeFileSync(env.QGJOB_LIST, JSON.stringify(list));
    process.exit(0);
  }

  const chosen = env.QGJOB_PROJECT;
  const needed = new Set();
  const need = name => {
    if (needed.has(name)) return;
    needed.add(name);
    const project = projects.find(p => (p.name ?? '') === name);
    for (const other of [...(project?.dependencies ?? []), ...(project?.teardown ? [project.teardown] : [])]) need(other);
  };
  need(chosen);

  const out = env.QGJOB_OUT;
  const test = env.QGJOB_TEST;
  const left = selection.left(test, env.QGJOB_SELECTION);
  const shard = selection.shard(env.QGJOB_SELECTION);
  const testDir = p => {
    const own = abs(p.testDir) ?? abs(base.testDir) ?? dir;
    // Playwright looks for tests below testDir only; the file that was asked for may lie elsewhere.
    return isInside(own, test) ? own : dir;
  };
  // A phone of this host, or one of BrowserStack's.
  const place = env.QGJOB_CLOUD_PORT
    ? { provider: 'browserstack', name: env.QGJOB_CLOUD_DEVICE, osVersion: env.QGJOB_CLOUD_OS }
    : { provider: 'local-device', udid: env.QGJOB_UDID };
  const config = {
    ...base,
    testDir: abs(base.testDir) ?? dir,
    outputDir: path.join(out, 'test-results'),
    workers: 1,
    // One worker runs one test after the other either way; shards are made of single tests only where the project allows it.
    fullyParallel: shard ? base.fullyParallel : false,
    ...(shard ? { shard } : {}),
    forbidOnly: false,
    reporter: [
      ['list'],
      ['json', { outputFile: path.join(out, 'report.json') }],
      ['junit', { outputFile: path.join(out, 'junit.xml') }],
      ['blob', { outputDir: path.join(out, 'blob') }],
      [path.join(__dirname, 'reporter.cjs')],
    ],
    projects: projects.filter(p => needed.has(p.name ?? '')).map(p => ({
      ...p,
      testDir: (p.name ?? '') === chosen ? testDir(p) : abs(p.testDir),
      outputDir: undefined,
      ...(p.snapshotDir ? { snapshotDir: abs(p.snapshotDir) } : {}),
      ...((p.name ?? '') === chosen ? { testMatch: exactly(test) } : {}),
      ...((p.name ?? '') === chosen && left.length > 0 ? { grepInvert: [...several(p.grepInvert ?? base.grepInvert), ...left] } : {}),
      ...((p.name ?? '') === chosen && env.QGJOB_RETRIES ? { retries: Number(env.QGJOB_RETRIES) } : {}),
      use: {
        ...p.use,
        buildPath: env.QGJOB_BUILD,
        device: { ...(base.use?.device ?? {}), ...(p.use?.device ?? {}), ...place },
      },
    })),
  };
  const script = s => (typeof s === 'string' && fs.existsSync(abs(s)) ? abs(s) : s);
  for (const name of ['globalSetup', 'globalTeardown']) {
    if (config[name]) config[name] = Array.isArray(config[name]) ? config[name].map(script) : script(config[name]);
  }
  if (env.QGJOB_CLOUD_PORT) {
    // AppWright's global setup would upload the build; it lies there already, and this is where AppWright looks for its address.
    const setups = several(config.globalSetup).filter(s => !/[\\/]appwright[\\/]dist[\\/]global-setup\.js$/.test(s));
    config.globalSetup = setups.length > 0 ? setups : undefined;
    for (const name of needed) env[`BROWSERSTACK_APP_URL_${name.toUpperCase()}`] = env.QGJOB_BUILD;
  }
  if (config.snapshotDir) config.snapshotDir = abs(config.snapshotDir);
  if (config.tsconfig) config.tsconfig = abs(config.tsconfig);
  if (env.QGJOB_RETRIES) config.retries = Number(env.QGJOB_RETRIES);
  return config;
};

// A module's default export may be wrapped once more by the transpiler.
function unwrap(loaded) {
  let value = loaded;
  while (value && typeof value === 'object' && 'default' in value) value = value.default;
  return value ?? {};
}

function several(value) {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}

function text(value) {
  return typeof value === 'string' ? value : null;
}

function isInside(folder, file) {
  const relative = path.relative(folder, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

// A regular expression, since brackets and the like in a path would be a pattern otherwise.
function exactly(file) {
  return new RegExp('^' + file.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') + '$');
}
