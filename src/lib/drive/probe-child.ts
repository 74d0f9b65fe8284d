/**
 * The process that `probe.ts` starts: does file-system work that may hang and sends one message for each request, and
 * ends when it is disconnected or its parent is gone.
 * A module of its own, run by Node directly; imports nothing of ours but types.
 */
import { constants } from 'node:fs';
import { open, opendir, realpath, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ProbeAnswer, ProbeReply, ProbeRequest, ProbeStat } from './probe.ts';

/** One name for all: a file that a dying drive left behind is overwritten and removed by the next probe. */
const WRITE_PROBE = '.lastgood-write-probe';

async function look(path: string): Promise<ProbeStat> {
  // First, because stat does not trigger an automount and statfs does.
  const space = await statfs(path);
  const realPath = await realpath(path);
  const [found, parent] = await Promise.all([
    stat(realPath, { bigint: true }),
    stat(dirname(realPath), { bigint: true }),
  ]);
  return {
    realPath,
    type: found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'other',
    device: String(found.dev),
    parentDevice: String(parent.dev),
    inode: String(found.ino),
    mode: Number(found.mode & 0o7777n),
    size: Number(found.size),
    modifiedMs: Number(found.mtimeMs),
    totalBytes: space.blocks * space.bsize,
    freeBytes: space.bavail * space.bsize,
    totalInodes: space.files,
    freeInodes: space.ffree,
  };
}

async function list(path: string): Promise<{ empty: boolean }> {
  const folder = await opendir(path, { bufferSize: 1 });
  try {
    return { empty: (await folder.read()) === null };
  } finally {
    await folder.close();
  }
}

async function read(path: string, limit: number): Promise<{ content: Buffer }> {
  const file = await open(path, 'r');
  try {
    const content = Buffer.alloc(limit);
    const { bytesRead } = await file.read(content, 0, limit, 0);
    return { content: content.subarray(0, bytesRead) };
  } finally {
    await file.close();
  }
}

async function write(folder: string): Promise<object> {
  const path = join(folder, WRITE_PROBE);
  const { O_CREAT, O_WRONLY, O_TRUNC, O_NOFOLLOW } = constants;
  const file = await open(path, O_CREAT | O_WRONLY | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    await file.write('probe\n');
    await file.sync();
  } finally {
    await file.close();
    // Another probe of the same folder may have been quicker.
    await unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  return {};
}

async function answer(request: ProbeRequest): Promise<ProbeAnswer> {
  try {
    if (request.op === 'stat') return { ok: true, ...(await look(request.path)) };
    if (request.op === 'resolve') return { ok: true, realPath: await realpath(request.path) };
    if (request.op === 'list') return { ok: true, ...(await list(request.path)) };
    if (request.op === 'read') return { ok: true, ...(await read(request.path, request.limit)) };
    return { ok: true, ...(await write(request.path)) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
    return { ok: false, code, message: error instanceof Error ? error.message : String(error) };
  }
}

async function answerAll(requests: readonly ProbeRequest[]): Promise<void> {
  await Promise.all(
    requests.map(async (request, index) => {
      const reply: ProbeReply = { index, answer: await answer(request) };
      await new Promise((sent) => process.send?.(reply, sent));
    }),
  );
}

process.on('message', (requests: readonly ProbeRequest[]) => void answerAll(requests));
