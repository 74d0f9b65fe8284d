type Words = typeof english;

const english = {
  /** Between the name of a field and what is said about it. */
  named: ': ',
  seconds: 'seconds',
  minutes: 'minutes',
  hours: 'hours',
  days: 'days',
  weeks: 'weeks',
  durationEmpty: 'Enter a number: this duration cannot be empty.',
  durationInvalid: 'Enter a positive number, such as 5 or 1.5.',
  noAnswer: 'Node-RED did not answer. Is it still running?',
  notAllowed: 'Your Node-RED account may not do this.',
  planGone: 'a plan that no longer exists',
  noPlanAnywhere: 'There is no plan yet.',
};

const chinese: Words = {
  named: '：',
  seconds: '秒',
  minutes: '分钟',
  hours: '小时',
  days: '天',
  weeks: '周',
  durationEmpty: '请填写数字：这个时长不能为空。',
  durationInvalid: '请填写正数，例如 5 或 1.5。',
  noAnswer: 'Node-RED 没有应答。它还在运行吗？',
  notAllowed: '您的 Node-RED 账户无权执行此操作。',
  planGone: '已不存在的计划',
  noPlanAnywhere: '还没有任何备份计划。',
};

/** The language of the editor, of those that we have. */
export function editorLanguage(): 'en-US' | 'zh-CN' {
  return RED.i18n.lang() === 'zh-CN' ? 'zh-CN' : 'en-US';
}

/** Short name of a weekday, 1 Monday to 7 Sunday. */
export function weekdayName(day: number): string {
  // The first of January 2024 was a Monday.
  const date = new Date(Date.UTC(2024, 0, day));
  return new Intl.DateTimeFormat(editorLanguage(), { weekday: 'short', timeZone: 'UTC' }).format(date);
}

/** The texts of the parts that all dialogs share, in the editor's language. */
export function words(): Words {
  return editorLanguage() === 'zh-CN' ? chinese : english;
}
