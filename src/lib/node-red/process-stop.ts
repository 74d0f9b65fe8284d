const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Calls `stopping` once when this process is told to end. Node-RED closes its nodes in the same way for a redeploy and
 * for its own end; only the signal tells them apart. Where nobody else handles the signal, it still ends the process.
 */
export function onProcessStop(stopping: () => void): void {
  let told = false;
  for (const signal of SIGNALS) {
    const heard = (): void => {
      if (!told) {
        told = true;
        stopping();
      }
      if (process.listenerCount(signal) === 1) {
        process.removeListener(signal, heard);
        process.kill(process.pid, signal);
      }
    };
    process.prependListener(signal, heard);
  }
}
