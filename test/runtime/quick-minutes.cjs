'use strict';
// Preloaded into Node-RED (NODE_OPTIONS): its clock begins at the moment (ms) that the file LASTGOOD_TEST_CLOCK names and
// runs LASTGOOD_TEST_SPEED times as fast, and a timer of about a minute, as with which every plan looks at its debt, ends
// so much sooner. Shorter timers, which wait for real disks, servers and restic, are left alone.
const { readFileSync } = require('node:fs');
const speed = Number(process.env.LASTGOOD_TEST_SPEED);
const begin = Number(readFileSync(process.env.LASTGOOD_TEST_CLOCK, 'utf8'));
const now = Date.now;
const started = now();
Date.now = () => Math.floor(begin + (now() - started) * speed);
const { setTimeout } = globalThis;
const isMinute = (ms) => ms > 30_000 && ms <= 60_000;
globalThis.setTimeout = Object.assign(
  (fn, ms, ...rest) => setTimeout(fn, isMinute(ms) ? ms / speed : ms, ...rest),
  setTimeout,
);
