// Loaded into a Node-RED under test before everything else (`node --require`). Notes each state that reaches the disk,
// whole and in order, in `ledger.jsonl` of the folder LASTGOOD_KILL_SWITCH; and where `fuses.json` lies there, kills at
// exactly the transition it names: `before` its file takes its name, `torn` with half of it written, or `after`. With
// `nobody` to kill it only tells. `started:backup` and such is the note of a restic's process, just after its start.
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const nodePath = require('node:path');

const basename = (path) => nodePath.basename(path);
const dirname = (path) => nodePath.dirname(path);
const join = (...parts) => nodePath.join(...parts);

const folder = process.env.LASTGOOD_KILL_SWITCH;
const COMMANDS = ['backup', 'forget', 'prune', 'check', 'tag', 'list', 'cat', 'snapshots'];

/** The restic command that a process runs, however it was started. */
function commandOf(pid) {
  try {
    const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.find((word) => COMMANDS.includes(word)) ?? '?';
  } catch {
    return 'ended';
  }
}

/** Process numbers of our own restics. */
function restics() {
  return fs.readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const line = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, parent] = line.slice(line.lastIndexOf(')') + 2).split(' ');
      return line.includes('(restic)') && state !== 'Z' && Number(parent) === process.pid;
    } catch {
      return false;
    }
  });
}

/** Names a transition by what it writes. */
function labelOf(path, state) {
  const kind = basename(dirname(path));
  if (kind !== 'plans') return kind;
  if (state.run === null) return 'idle';
  const { phase, process: running } = state.run;
  return phase === 'retention' && running !== null ? `retention:${commandOf(running.pid)}` : phase;
}

/** The fuses that are left, in the order in which they are to blow. */
function fuses() {
  try {
    return JSON.parse(fs.readFileSync(join(folder, 'fuses.json'), 'utf8'));
  } catch {
    return [];
  }
}

function fuseFor(path, label) {
  const [fuse] = fuses();
  const isFor =
    fuse?.plan === undefined || basename(dirname(path)) !== 'plans' || basename(path) === `${fuse.plan}.json`;
  return fuse?.label === label && isFor ? fuse : undefined;
}

function blow(fuse) {
  const rest = fuses().slice(1);
  fs.writeFileSync(join(folder, 'fuses.json'), JSON.stringify(rest));
  const victims = ['restic', 'both'].includes(fuse.victims) ? restics() : [];
  const fired = { ...fuse, commands: victims.map(commandOf) };
  fs.appendFileSync(join(folder, 'fired.jsonl'), `${JSON.stringify(fired)}\n`);
  for (const pid of victims) process.kill(Number(pid), 'SIGKILL');
  if (['node-red', 'both'].includes(fuse.victims)) process.kill(process.pid, 'SIGKILL');
}

if (folder !== undefined && basename(process.argv[1] ?? '') === 'red.js') {
  const renameSync = fs.renameSync;
  fs.renameSync = (from, to) => {
    const isNote = basename(dirname(dirname(String(to)))) === 'restics';
    const fuse = isNote ? fuseFor(to, `started:${commandOf(Number.parseInt(basename(to), 10))}`) : undefined;
    if (fuse?.when === 'before') blow(fuse);
    renameSync(from, to);
    if (fuse?.when === 'after') blow(fuse);
  };
  const rename = fs.promises.rename;
  fs.promises.rename = async (from, to) => {
    const isJournal = basename(dirname(dirname(String(to)))) === 'lastgood' && String(to).endsWith('.json');
    if (!isJournal) return rename(from, to);
    const text = fs.readFileSync(from, 'utf8');
    const state = JSON.parse(text);
    const label = labelOf(to, state);
    const fuse = fuseFor(to, label);
    if (fuse?.when === 'torn') fs.truncateSync(from, Math.floor(text.length / 2));
    if (fuse !== undefined && fuse.when !== 'after') blow(fuse);
    await rename(from, to);
    if (basename(dirname(to)) === 'plans') {
      fs.appendFileSync(
        join(folder, 'ledger.jsonl'),
        `${JSON.stringify({ life: process.pid, label, state })}\n`,
      );
    }
    if (fuse?.when === 'after') blow(fuse);
    return undefined;
  };
  syncBuiltinESMExports();
}
