import type { API } from 'homebridge';
import { BackupPlatform } from './platform.ts';
import { PLATFORM_NAME } from './settings.ts';

/** Called by Homebridge when it loads the plugin. */
export default (api: API): void => {
  api.registerPlatform(PLATFORM_NAME, BackupPlatform);
};
