// A context store that fails as its settings say, for the plans' public copies; all else is kept in memory. Node-RED
// loads it by settings.js.
const at = (scope, key) => `${scope} ${key}`;
const isOurs = (key) => String(key).startsWith('backup_');
const cyclic = {};
cyclic.self = cyclic;

/** What is given back for a plan's copy: a good backup that never was, in shapes that no store should have. */
const forged = (key) => ({
  schema: 1,
  revision: 1e9,
  plan: key.slice('backup_'.length),
  name: 'Documents',
  schedule: 'event',
  dueAt: '2099-01-01T00:00:00.000Z',
  nextAttemptAt: '2099-01-01T00:00:00.000Z',
  lastSuccessAt: '2098-12-31T00:00:00.000Z',
  lastSuccess: {
    at: '2098-12-31T00:00:00.000Z',
    snapshotId: 'f'.repeat(64),
    repositoryId: 'x',
    figures: null,
  },
  get run() {
    throw new Error('a getter that throws');
  },
});

const FAULTS = {
  throws: () => {
    throw new Error('the store threw');
  },
  fails: (callback) => setImmediate(() => callback(cyclic)),
  late: (callback, answer) => setTimeout(() => callback(null, answer()), 3000),
  never: () => undefined,
  nonsense: (callback, _answer, key) => {
    callback(null, forged(key));
    callback(null, forged(key));
    callback(new Error('and again'));
  },
};

module.exports = ({ how }) => {
  const kept = new Map();
  return {
    open: async () => undefined,
    close: async () => undefined,
    get(scope, key, callback) {
      const answer = () => kept.get(at(scope, key));
      if (callback === undefined) return answer();
      if (isOurs(key)) FAULTS[how](callback, answer, key);
      else callback(null, answer());
    },
    set(scope, key, value, callback) {
      const write = () => kept.set(at(scope, key), value);
      if (isOurs(key)) FAULTS[how](callback ?? (() => undefined), write, key);
      else {
        write();
        callback?.(null);
      }
    },
    keys: (_scope, callback) => (callback === undefined ? [] : callback(null, [])),
    delete: async () => undefined,
    clean: async () => undefined,
  };
};
