// Prints as many status messages as asked for, as fast as they are taken, and a summary.
import { once } from 'node:events';

const LINES_AT_ONCE = 200;
const lines = Number(process.argv[2]);
const total = { total_files: lines, total_bytes: lines * 4096 };

const status = (done) =>
  JSON.stringify({
    message_type: 'status',
    seconds_elapsed: Math.floor(done / 1000),
    seconds_remaining: Math.ceil((lines - done) / 1000) + 1,
    percent_done: done / lines,
    ...total,
    files_done: done,
    bytes_done: done * 4096,
    current_files: [
      `/home/someone/Pictures/2026/${done}/a photo.jpg`,
      `/home/someone/Music/${done}/a song.flac`,
    ],
  });

for (let at = 0; at < lines; at += LINES_AT_ONCE) {
  let text = '';
  for (let line = at; line < Math.min(at + LINES_AT_ONCE, lines); line += 1) text += `${status(line)}\n`;
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
process.stdout.write(`${JSON.stringify({ message_type: 'summary', snapshot_id: 'f'.repeat(64) })}\n`);
