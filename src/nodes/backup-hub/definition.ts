/** What the editor stores for a `backup-hub`. */
export interface HubDefinition {
  name: string;
  /** Ids of the `backup-plan` nodes it shows; empty: all plans of this Node-RED. */
  plans: string[];
  /** First part of all its topics. Two hubs on one broker need two. */
  baseTopic: string;
  /** Home Assistant's discovery prefix. */
  discoveryPrefix: string;
  /** Progress as MQTT messages of its own. */
  progress: boolean;
  /** Lets clients in by HTTP. */
  http: boolean;
}

/** Kept by Node-RED apart from the flow. */
export interface HubCredentials {
  /** What clients show to be let in. */
  token?: string;
}
