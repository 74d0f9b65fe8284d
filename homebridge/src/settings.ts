/** Name of the package; Homebridge keeps accessories under it. */
export const PLUGIN_NAME = '@lastgood/homebridge-restic';

/** Name of the platform in Homebridge's config.json, and `pluginAlias` of the settings form. */
export const PLATFORM_NAME = 'LastgoodRestic';

/** Environment variable that may hold the token. */
export const TOKEN_VARIABLE = 'LASTGOOD_TOKEN';

/** HomeKit takes no more accessories on one bridge. */
export const MOST_ACCESSORIES = 149;
