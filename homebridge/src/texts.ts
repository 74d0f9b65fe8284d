import type { ProblemKind } from './hub-problem.ts';
import type { Part } from './plan-services.ts';

/** Languages of names in Apple Home and of the log. */
export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];

/** All that people read, in one language. Names must be such as HomeKit takes. */
export interface Texts {
  /** What a plan without a usable name is called, before its key. */
  readonly noun: string;
  /** Names of services; `{plan}` is the plan's name. */
  readonly parts: Readonly<Record<Part, string>>;
  readonly lastSuccess: string;
  readonly never: string;
  readonly connected: (plans: number) => string;
  readonly back: (away: string) => string;
  readonly away: Readonly<Record<ProblemKind, string>>;
  readonly awayEffect: string;
  readonly seconds: (count: number) => string;
  readonly minutes: (count: number) => string;
  readonly hours: (count: number) => string;
  readonly plainHttp: (host: string) => string;
  readonly tooMany: (left: number) => string;
  readonly added: (plan: string) => string;
  readonly deleted: (plan: string) => string;
  readonly failed: (plan: string, reason: string) => string;
  readonly overdue: (plan: string) => string;
  readonly good: (plan: string) => string;
  readonly asked: (plan: string, command: 'run' | 'cancel') => string;
  readonly refused: (plan: string, reason: string) => string;
  readonly unanswered: (plan: string) => string;
  readonly cancelNotAllowed: (plan: string) => string;
  readonly mistake: string;
  readonly notStarted: string;
  readonly noUrl: string;
  readonly badUrl: string;
  readonly urlWithPassword: string;
  readonly noToken: (variable: string) => string;
  readonly shortToken: (length: number) => string;
  readonly badLanguage: string;
}

const en: Texts = {
  noun: 'Backup',
  parts: {
    run: '{plan}',
    running: '{plan} running',
    failed: '{plan} failed',
    overdue: '{plan} overdue',
    freshness: '{plan} freshness',
  },
  lastSuccess: 'Last Good Backup',
  never: 'never',
  connected: (plans) => `Connected to Node-RED: ${plans} backup ${plans === 1 ? 'plan' : 'plans'}.`,
  back: (away) => `Node-RED is back after ${away}.`,
  away: {
    unreachable: 'Node-RED cannot be reached',
    silent: 'Node-RED is connected but says nothing',
    'no-hub':
      'There is no backup-hub at this address: look at the URL, and whether the node is deployed with its HTTP interface on',
    'wrong-token': 'The backup-hub does not know this token: copy it again from the node',
    'not-let-in': 'Something before the backup-hub wants a user name and password: fill them in here too',
    'wrong-version':
      'The backup-hub speaks another version of the protocol: update this plugin and the nodes',
    busy: 'The backup-hub asks us to come later',
    'no-token': 'The token or certificate file cannot be read',
    broken: 'The backup-hub answers with an error of its own',
  },
  awayEffect: 'Plans show "No Response" until it is back; backups go on in Node-RED meanwhile.',
  seconds: (count) => `${count} s`,
  minutes: (count) => `${count} min`,
  hours: (count) => `${count} h`,
  plainHttp: (host) =>
    `The token goes to ${host} unencrypted. In a network that you do not trust, use https (see the README).`,
  tooMany: (left) =>
    `HomeKit takes no more accessories on one bridge: ${left} ${left === 1 ? 'plan is' : 'plans are'} not shown. ` +
    'Choose fewer plans in the backup-hub, or give this plugin a child bridge of its own.',
  added: (plan) => `New plan: ${plan}.`,
  deleted: (plan) => `The plan ${plan} was deleted; its accessory is removed.`,
  failed: (plan, reason) => `${plan} failed: ${reason}`,
  overdue: (plan) => `${plan} is overdue.`,
  good: (plan) => `${plan} has a good backup again.`,
  asked: (plan, command) => (command === 'run' ? `${plan} was asked to run.` : `${plan} was asked to stop.`),
  refused: (plan, reason) => `${plan} refused: ${reason}`,
  unanswered: (plan) => `${plan} could not be asked`,
  cancelNotAllowed: (plan) =>
    `${plan} goes on: switching off does not cancel a backup unless that is allowed in the settings.`,
  mistake: 'A mistake in this plugin; please report it. The bridge goes on.',
  notStarted: 'The plugin does nothing until this is put right:',
  noUrl: 'the URL of Node-RED is missing.',
  badUrl: 'the URL of Node-RED must begin with http:// or https://.',
  urlWithPassword: 'the URL of Node-RED has a user name or password in it; they have fields of their own.',
  noToken: (variable) =>
    `the token is missing: fill in "token" or "tokenFile", or set the environment variable ${variable}.`,
  shortToken: (length) =>
    `the token is too short to be one: a backup-hub's has at least ${length} characters.`,
  badLanguage: `"language" must be one of ${LANGUAGES.join(', ')}.`,
};

const zhCN: Texts = {
  noun: '备份',
  parts: {
    run: '{plan}',
    running: '{plan} 正在备份',
    failed: '{plan} 备份失败',
    overdue: '{plan} 备份逾期',
    freshness: '{plan} 备份新鲜度',
  },
  lastSuccess: '上次成功备份',
  never: '从未',
  connected: (plans) => `已连接 Node-RED：${plans} 个备份计划。`,
  back: (away) => `Node-RED 已恢复连接，中断了 ${away}。`,
  away: {
    unreachable: '无法连接 Node-RED',
    silent: 'Node-RED 已连接，但没有任何消息',
    'no-hub': '该地址上没有 backup-hub：请检查网址，并确认该节点已部署且启用了 HTTP 接口',
    'wrong-token': 'backup-hub 不认识此令牌：请从节点中重新复制',
    'not-let-in': 'backup-hub 之前有服务要求用户名和密码：请在此处也填写',
    'wrong-version': 'backup-hub 使用另一版本的协议：请更新本插件和节点',
    busy: 'backup-hub 要求稍后再来',
    'no-token': '无法读取令牌文件或证书文件',
    broken: 'backup-hub 返回了自身的错误',
  },
  awayEffect: '恢复之前，各计划显示“无响应”；Node-RED 中的备份照常进行。',
  seconds: (count) => `${count} 秒`,
  minutes: (count) => `${count} 分钟`,
  hours: (count) => `${count} 小时`,
  plainHttp: (host) => `令牌以未加密方式发送到 ${host}。在不可信的网络中请使用 https（见 README）。`,
  tooMany: (left) =>
    `HomeKit 的一个桥接器放不下更多配件：有 ${left} 个计划未显示。请在 backup-hub 中选择较少的计划，或让本插件使用单独的子桥接器。`,
  added: (plan) => `新计划：${plan}。`,
  deleted: (plan) => `计划 ${plan} 已被删除，其配件已移除。`,
  failed: (plan, reason) => `${plan} 失败：${reason}`,
  overdue: (plan) => `${plan} 已逾期。`,
  good: (plan) => `${plan} 又有了成功的备份。`,
  asked: (plan, command) => (command === 'run' ? `已请求 ${plan} 开始备份。` : `已请求 ${plan} 停止备份。`),
  refused: (plan, reason) => `${plan} 拒绝了请求：${reason}`,
  unanswered: (plan) => `无法向 ${plan} 发出请求`,
  cancelNotAllowed: (plan) => `${plan} 继续进行：除非在设置中允许，否则关闭开关不会取消备份。`,
  mistake: '本插件出现错误，请反馈。桥接器继续运行。',
  notStarted: '在更正以下问题之前，插件不会工作：',
  noUrl: '缺少 Node-RED 的网址。',
  badUrl: 'Node-RED 的网址必须以 http:// 或 https:// 开头。',
  urlWithPassword: 'Node-RED 的网址中含有用户名或密码；它们有各自的字段。',
  noToken: (variable) => `缺少令牌：请填写 "token" 或 "tokenFile"，或设置环境变量 ${variable}。`,
  shortToken: (length) => `令牌太短：backup-hub 的令牌至少有 ${length} 个字符。`,
  badLanguage: `"language" 必须是 ${LANGUAGES.join('、')} 之一。`,
};

/** The texts of a language. */
export function textsIn(language: Language): Texts {
  return { en, 'zh-CN': zhCN }[language];
}

/** A time that passed, in its largest fitting unit. */
export function durationText(ms: number, texts: Texts): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 120) return texts.seconds(seconds);
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? texts.minutes(minutes) : texts.hours(Math.round(minutes / 60));
}
