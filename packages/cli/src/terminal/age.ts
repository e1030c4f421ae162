/** How long ago something was, to the precision people read: `0s`, `59s`, `4m`, `2h5m`, `3d4h`. Never negative, as clocks differ. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (days > 0) return `${days}d${hours % 24 === 0 ? '' : `${hours % 24}h`}`;
  if (hours > 0) return `${hours}h${minutes % 60 === 0 ? '' : `${minutes % 60}m`}`;
  return minutes > 0 ? `${minutes}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}` : `${seconds}s`;
}
