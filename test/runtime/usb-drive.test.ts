import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Broker } from './broker.ts';
import { Plug } from './plug.ts';
import { Home } from './restic.ts';
import { UsbDrive } from './usb-drive.ts';

// What the other tests believe of the drive and the plug that they play with.

test('a drive that is pulled out answers with I/O errors, and has on it what was safe', async (context) => {
  using home = await Home.make();
  using drive = UsbDrive.make(home.folder, home.drive, context);
  expect(readdirSync(home.drive)).toEqual([]);
  drive.connect();
  drive.mount();
  await home.restic('backup', home.documents);
  drive.disconnect({ noticed: false });
  expect(drive.isMounted).toBe(true);
  expect(() => writeFileSync(join(home.drive, 'note'), 'too late')).toThrow('EIO');
  drive.removeMount();
  expect(readdirSync(home.drive)).toEqual([]);
  expect(await drive.snapshots()).toHaveLength(1);
  drive.connect();
  drive.mount();
  expect(await home.snapshots()).toHaveLength(1);
});

test('a plug says what it does, and knows when power was cut on a mounted drive', async (context) => {
  using home = await Home.make();
  using drive = UsbDrive.make(home.folder, home.drive, context);
  await using broker = await Broker.start();
  using plug = await Plug.plugIn(broker, drive, { mountedBy: 'system' });
  const said: string[] = [];
  await broker.subscribe(plug.topics.states, ({ payload }) => said.push(payload));
  await broker.publish(plug.topics.commands, 'ON');
  await plug.until('mounted');
  expect(drive.isMounted).toBe(true);
  await broker.publish(plug.topics.commands, 'OFF');
  await plug.until('disconnected');
  expect(drive.isMounted).toBe(false);
  expect(said).toEqual(['ON', 'OFF']);
  expect(plug.happenings).toEqual([
    'told on',
    'on',
    'connected',
    'mounted',
    'told off',
    'off',
    'disconnected',
  ]);
  expect(plug.violations).toEqual(['power was cut on a mounted drive']);
});
