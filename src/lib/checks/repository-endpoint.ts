import { localPath } from '../restic/lane.ts';

/** Where a repository's URL leads; holds no secret of the URL. */
export type RepositoryEndpoint =
  | { readonly kind: 'folder'; readonly path: string }
  | ({ readonly kind: 'server'; readonly backend: string } & Server)
  /** A back end whose server the URL does not name, or one that is reached by other means than a TCP connection. */
  | { readonly kind: 'unnamed'; readonly backend: string };

interface Server {
  readonly host: string;
  /** Undefined: ssh's own choice. */
  readonly port?: number;
}

/** Reads the URL forms of restic's back ends (restic documentation, "Preparing a new repository"). */
export function repositoryEndpoint(url: string): RepositoryEndpoint {
  const path = localPath(url);
  if (path !== undefined && !/^https?:\/\//i.test(url)) return { kind: 'folder', path };
  const [, backend = '', rest = ''] = /^(rest|s3|sftp|\w+):(.*)$/s.exec(url) ?? [];
  const server = serverOf(backend, rest, url);
  return server === undefined ? { kind: 'unnamed', backend } : { kind: 'server', backend, ...server };
}

/** An endpoint for people: a folder, `host:port`, or the name of the back end. */
export function endpointSubject(endpoint: RepositoryEndpoint): string {
  if (endpoint.kind === 'folder') return endpoint.path;
  if (endpoint.kind === 'unnamed') return endpoint.backend;
  return endpoint.port === undefined ? endpoint.host : `${endpoint.host}:${endpoint.port}`;
}

function serverOf(backend: string, rest: string, url: string): Server | undefined {
  switch (backend) {
    case 'rest':
      return ofWebUrl(rest);
    case 's3':
      // `s3:host/bucket` and `s3://host/bucket` mean https.
      return ofWebUrl(/^https?:\/\//i.test(rest) ? rest : `https://${rest.replace(/^\/+/, '')}`);
    case 'sftp':
      return ofSftp(rest);
    default:
      return ofWebUrl(url);
  }
}

function ofWebUrl(text: string): Server | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port } = new URL(text);
  return { host: bare(hostname), port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port) };
}

/** `//user@host:port/path`, or `user@host:path` as scp has it. */
function ofSftp(rest: string): Server | undefined {
  if (rest.startsWith('//')) {
    if (!URL.canParse(`sftp:${rest}`)) return undefined;
    const { hostname, port } = new URL(`sftp:${rest}`);
    if (hostname === '') return undefined;
    return { host: bare(hostname), ...(port === '' ? {} : { port: Number(port) }) };
  }
  const login = rest.split(':', 1)[0] ?? '';
  const host = login.slice(login.lastIndexOf('@') + 1);
  return host === '' ? undefined : { host };
}

/** A host without the brackets that a URL puts around an IPv6 address. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
