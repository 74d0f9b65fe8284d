/**
 * Lines of restic that decide the class of a failure. Measured on restic 0.14 to 0.19; the words are those of restic,
 * of Go's system errors, and of the back ends.
 */
export type Sign =
  /** The lock that we made is not there any more. */
  | 'lock-vanished'
  | 'locked'
  | 'lock-created'
  | 'lock-invalid'
  | 'lock-lost'
  | 'io-error'
  | 'read-only'
  | 'full'
  | 'repository-missing'
  | 'no-source'
  | 'source-skipped'
  | 'wrong-password'
  | 'permission'
  | 'remote-auth'
  | 'network'
  /** A write found its folder gone, and restic gave up. */
  | 'folder-gone'
  | 'corrupt'
  /** forget could not remove a snapshot. */
  | 'snapshot-kept'
  /** Snapshots could not be read, all or one of them: what is not in the list may be there. */
  | 'snapshots-unread'
  | 'restore-errors'
  | 'config'
  | 'cache'
  | 'interrupted';

type Pattern = readonly [Sign, RegExp];

const CORRUPT =
  /repository contains errors|repository (?:could be|is) damaged|ciphertext (?:verification failed|too )|config cannot be loaded|config file has zero size|packs from index missing|index is not complete|Pack ID does not match|invalid data returned|config or key \S+ is damaged|Unmarshal: |not found in (?:repository|index)|unexpected file size: got/;
const PERMISSION = /permission denied|operation not permitted/i;
const FULL = /no space left on device|disk quota exceeded|\b507\b.*Insufficient Storage/i;

/** In this order; the first that matches names the line. */
const PATTERNS: readonly Pattern[] = [
  ['cache', /unable to open cache|unable to locate cache directory/],
  // Temporary folder: its errors look like those of the repository.
  ['config', /restic-temp-pack|restic-check-cache|TempFile: /],
  ['config', /Resolving password failed/],
  ['snapshots-unread', /^could not load snapshots?\b/],
  [
    'lock-vanished',
    /(?:error while unlocking|error in cleanup handler|Remove\(<lock\/[0-9a-f]+>\) (?:failed|returned error)).*(?:no such file or directory|file does not exist)/,
  ],
  ['lock-invalid', /invalid lock file/],
  // While restic waits for a lock it says so with nearly the same words.
  ['locked', /repository is already locked(?!.*waiting)/],
  ['lock-created', /^lock was created at /],
  ['lock-lost', /failed to refresh lock in time/],
  ['remote-auth', /\b(?:401|403)\b.*(?:Unauthorized|Forbidden)|unexpected HTTP response \(40[13]\)/],
  [
    'remote-auth',
    /Access ?Denied|InvalidAccessKeyId|SignatureDoesNotMatch|AuthenticationFailed|invalid_grant|Permission denied \((?:publickey|password|keyboard)/i,
  ],
  ['config', /Host key verification failed|executable file not found in \$PATH/],
  [
    'network',
    /dial (?:tcp|udp|unix)|(?:read|write)(?:from)? tcp|connection (?:refused|reset|timed out)|no such host|no route to host|network is unreachable|i\/o timeout|TLS handshake|x509: |Client\.Timeout|deadline exceeded|unable to start the sftp session|error talking HTTP to rclone|server misbehaving|\bHTTP response \(5\d\d\)(?<!507\))|server response unexpected: 5(?!07)\d\d|(?:Get|Head|Post|Put|Delete) "[^"]+": .*EOF/,
  ],
  [
    'io-error',
    /input\/output error|no such device|device not configured|transport endpoint is not connected|stale (?:NFS )?file handle|structure needs cleaning|host is down/i,
  ],
  ['read-only', /^(?:\w+\(|.*(?:Fatal: |unable to |error while )).*read-only file system/],
  ['full', FULL],
  ['interrupted', /context canceled|^signal \w+ received/],
  ['permission', new RegExp(`^(?:\\w+\\(|.*(?:Fatal: |unable to )).*(?:${PERMISSION.source})`, 'i')],
  ['no-source', /all (?:target|source) directories\/files do not exist/],
  ['source-skipped', /does not exist, skipping/],
  ['wrong-password', /wrong password or no key found/],
  ['corrupt', CORRUPT],
  [
    'repository-missing',
    /repository does not exist|unable to open config file: .*(?:no such file|does not exist)|Is there a repository at the following location/,
  ],
  [
    'folder-gone',
    /(?:unable to save snapshot: |Save\(<\w+\/[0-9a-f]*>\) failed: ).*no such file or directory/,
  ],
  ['snapshot-kept', /unable to remove snapshot\//],
  ['restore-errors', /There were \d+ errors/],
  [
    'config',
    /unknown (?:shorthand )?flag|unknown command|flag needs an argument|invalid argument .* for |invalid backend|nothing to backup|no matching ID found|an empty password|[Pp]lease specify repository|no policy was specified|config file already exists|mutually exclusive/,
  ],
];

/** Errors of single files say little about the repository: only these words count in them. */
const ITEM_PATTERNS: { readonly archival: readonly Pattern[]; readonly restore: readonly Pattern[] } = {
  archival: [['corrupt', CORRUPT]],
  restore: [
    ['corrupt', CORRUPT],
    ['permission', PERMISSION],
    ['full', FULL],
  ],
};

/** restic's plain words for errors of single files (`restore` up to 0.17.0; `backup` without `--json`). */
const ITEM_LINE = /^(ignoring error for|error:) /;

/** What matters stands at the beginning; on a line of a megabyte some of the patterns would take minutes. */
const LOOKED_AT = 4096;

function first(patterns: readonly Pattern[], text: string): Sign | undefined {
  const beginning = text.slice(0, LOOKED_AT);
  return patterns.find(([, pattern]) => pattern.test(beginning))?.[0];
}

/** The sign that one line of restic's stderr is, if any. */
export function signOf(line: string): Sign | undefined {
  const item = ITEM_LINE.exec(line)?.[1];
  if (item === undefined) return first(PATTERNS, line);
  return first(item === 'error:' ? ITEM_PATTERNS.archival : ITEM_PATTERNS.restore, line);
}

/** The sign in the error of one file, as restic's `error` messages have it. `message` is '' where it has none. */
export function signOfItem(during: 'archival' | 'restore', item: string, message: string): Sign | undefined {
  // Up to 0.17.0 the message is empty; only a tree of the parent that cannot be loaded is reported for "/".
  if (during === 'archival' && item === '/' && message === '') return 'corrupt';
  return first(ITEM_PATTERNS[during], message);
}

/** Is this line restic's notice that it will try a back end operation again? */
export function isRetry(line: string): boolean {
  return line.includes(' returned error, retrying after ');
}
