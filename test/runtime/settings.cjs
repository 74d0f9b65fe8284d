// Settings of a Node-RED under test. What the runtime does (logs, statuses, flows started, messages at a probe) goes
// to the test over the IPC channel, in order and whole, instead of being read from the console.
const { contextStorage, contextStores, ...settings } = JSON.parse(process.env.LASTGOOD_TEST_SETTINGS);
const { events } = require.main.require('@node-red/util');

const tell = (event) => {
  if (process.connected) process.send(event);
};
// A test that died must not leave its Node-RED behind.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

events.on('flows:started', () => tell({ kind: 'started' }));
events.on('node-status', ({ id, status }) => tell({ kind: 'status', id, status: status ?? {} }));
events.on('runtime-event', ({ id, payload }) => {
  if (payload?.error !== undefined) tell({ kind: 'trouble', text: `${id}: ${JSON.stringify(payload)}` });
});

const LEVELS = { 10: 'fatal', 20: 'error', 30: 'warn', 40: 'info', 50: 'debug', 60: 'trace' };
function logToTest() {
  return ({ level, type, name, id, msg }) => {
    const text = msg instanceof Error ? msg.message : typeof msg === 'string' ? msg : JSON.stringify(msg);
    tell({ kind: 'log', level: LEVELS[level] ?? String(level), type, name, id, text });
  };
}

/** A message as JSON has it; what JSON has not (circles, big numbers) becomes a text. */
function plain(msg) {
  const above = [];
  function keep(_name, value) {
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    // `this` holds the value: what stands above it in the list holds that.
    while (above.length > 0 && above.at(-1) !== this) above.pop();
    if (above.includes(value)) return 'a circle';
    above.push(value);
    return value;
  }
  return JSON.parse(JSON.stringify(msg, keep));
}

module.exports = {
  ...settings,
  uiHost: '127.0.0.1',
  flowFile: 'flows.json',
  credentialSecret: 'only for tests',
  diagnostics: { enabled: false },
  telemetry: { enabled: false, updateNotification: false },
  externalModules: { palette: { allowInstall: false, allowUpload: false }, modules: { allowInstall: false } },
  editorTheme: { tours: false, palette: { catalogues: [] } },
  contextStorage: {
    default: { module: contextStorage },
    ...Object.fromEntries(
      Object.entries(contextStores).map(([name, { module: file, config }]) => [
        name,
        { module: require(file), config },
      ]),
    ),
  },
  logging: {
    console: { level: 'off' },
    test: { level: 'info', metrics: false, audit: false, handler: logToTest },
  },
  functionGlobalContext: {
    probe: (id, msg) => tell({ kind: 'message', id, message: plain(msg) }),
  },
};
