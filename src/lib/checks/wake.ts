import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import { durationOr } from '../duration.ts';
import { limited } from '../limit.ts';
import type { CheckLeaf } from './check.ts';
import { checkPort } from './port.ts';
import { untilSo } from './until-so.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

type WakeSpec = Omit<Extract<CheckLeaf, { kind: 'wake' }>, 'kind' | 'timeout' | 'hold'>;

/** How long a machine may take to wake where nothing else is said. */
const WAKING_MS = 180_000;
const EVERY_MS = 2000;
/** One look at the port while the machine wakes. */
const LOOK_MS = 5000;
/** The network card drops what comes while its link changes speed. */
const PACKETS = 3;
const BETWEEN_PACKETS_MS = 100;

/**
 * Whether a port answers; if not, and if the check may act, the machine is woken and the port is waited for. Takes up
 * to `upTo`, beyond the time limit of the look, which is that of each look at the port. `wakePort`: the UDP port that
 * the packet is sent to; network cards look at its content only.
 */
export async function checkWake(spec: WakeSpec, mayAct: boolean, look: Look, wakePort = 9): Promise<Verdict> {
  const { host, port, mac, broadcast = '' } = spec;
  const address = bytesOf(mac);
  if (address === undefined) return verdict('unknown', look, 'wake.mac', { mac });
  const upToMs = durationOr(spec.upTo, WAKING_MS);
  if (upToMs === undefined) return verdict('unknown', look, 'timeout', { timeout: spec.upTo ?? '' });
  const short: Look = { ...look, timeoutMs: Math.min(look.timeoutMs, LOOK_MS) };
  const before = await checkPort(host, port, short);
  if (before.answer === 'yes') return before;
  if (!mayAct) return verdict('no', look, 'wake.would', { host, port });
  const code = await send(magicPacket(address), wakePort, broadcast.trim() || '255.255.255.255');
  if (code !== undefined) return verdict('unknown', look, 'wake.not-sent', { host, code });
  const limit = limited({ ...look, timeoutMs: upToMs });
  const answers = async (): Promise<boolean> =>
    (await checkPort(host, port, { ...short, signal: limit })).answer === 'yes';
  const awake = await untilSo(answers, EVERY_MS, limit);
  return awake
    ? verdict('yes', look, 'wake.woken', { host, port })
    : verdict('no', look, 'wake.asleep', { host, port, minutes: Math.round(upToMs / 6000) / 10 });
}

/** The six bytes of an Ethernet address, written with colons, dashes, dots or nothing. */
function bytesOf(mac: string): Buffer | undefined {
  const digits = mac.trim().replaceAll(/[:.-]/g, '');
  return /^[0-9a-f]{12}$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}

/** Six bytes 0xff and the address sixteen times (AMD's "Magic Packet Technology"). */
function magicPacket(address: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)]);
}

/** The error code of a packet that could not be sent. */
async function send(packet: Buffer, port: number, to: string): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, resolve);
    });
    socket.setBroadcast(true);
    for (let sent = 0; sent < PACKETS; sent++) {
      if (sent > 0) await delay(BETWEEN_PACKETS_MS);
      await new Promise<void>((resolve, reject) => {
        socket.send(packet, port, to, (error) => (error === null ? resolve() : reject(error)));
      });
    }
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    socket.close();
  }
}
