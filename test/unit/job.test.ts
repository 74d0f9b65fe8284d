import { expect, test } from 'vitest';
import type { Job, JobOutlet } from '../../src/lib/job.ts';
import { Jobs } from '../../src/lib/job.ts';
import { settled } from './fake-clock.ts';

/** A job of node `n` that goes on until it is told to end. */
class Begun {
  readonly jobs: Jobs = new Jobs();
  readonly job: Job;
  readonly sent: string[] = [];
  settings = 'a';
  fail: (error: Error) => void = () => undefined;
  private resolve: () => void = () => undefined;

  constructor() {
    const work = (): Promise<void> =>
      new Promise((resolve, reject) => {
        this.resolve = resolve;
        this.fail = reject;
      });
    this.job = this.jobs.begin('n', this.outlet('old'), () => this.settings, work);
  }

  outlet(name: string): JobOutlet {
    return { send: (port, message) => void this.sent.push(`${name} ${port} ${String(message['payload'])}`) };
  }

  async end(): Promise<void> {
    this.resolve();
    await settled();
  }
}

test('what a job says leaves by the node that is there, and waits while there is none', async () => {
  const begun = new Begun();
  const { jobs, job, sent } = begun;
  job.send(0, { payload: 1 });
  job.detach();
  expect(job.isOrphan).toBe(true);
  job.send(1, { payload: 2 });
  await begun.end();
  expect(job.isDone).toBe(false);
  expect(jobs.of('n')).toEqual([job]);
  jobs.adopt('n', begun.outlet('new'));
  expect(sent).toEqual(['old 0 1', 'new 1 2']);
  expect(job.isDone).toBe(true);
  expect(jobs.all()).toEqual([]);
});

test('a job that ends is forgotten, also when it fails', async () => {
  const good = new Begun();
  await good.end();
  expect(good.jobs.all()).toEqual([]);
  const bad = new Begun();
  bad.fail(new Error('a bug'));
  await expect(bad.job.finished).rejects.toThrow('a bug');
  await settled();
  expect(bad.jobs.all()).toEqual([]);
});

test('it is stopped once, and remembers why', () => {
  const { job } = new Begun();
  expect(job.stopped).toBeUndefined();
  job.stop('cancel');
  job.stop('shutdown');
  expect(job.signal.aborted).toBe(true);
  expect(job.stopped).toBe('cancel');
});

test('it is unchanged while the configuration would do the same', () => {
  const begun = new Begun();
  expect(begun.job.isUnchanged()).toBe(true);
  begun.settings = 'b';
  expect(begun.job.isUnchanged()).toBe(false);
  begun.settings = 'a';
  expect(begun.job.isUnchanged()).toBe(true);
});

test('jobs of other nodes are left alone', () => {
  const begun = new Begun();
  const { jobs, job, sent } = begun;
  job.detach();
  job.send(0, { payload: 1 });
  jobs.adopt('another', begun.outlet('another'));
  expect(sent).toEqual([]);
  expect(job.isOrphan).toBe(true);
});
