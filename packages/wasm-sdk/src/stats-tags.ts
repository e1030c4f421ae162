/** An entry of `stats_config.stats_tags` in Envoy's bootstrap (`envoy.config.metrics.v3.TagSpecifier`). */
export interface StatsTag {
  readonly tag_name: string;
  readonly regex: string;
}

/**
 * What Envoy's bootstrap needs to make labels of what `MetricFamily` writes into names: `code=.=200;.;requests_total`. Without it the names
 * appear as they are. Istio's own proxies have the like for Istio's labels.
 *
 * @param labels names of labels, in any order; each is named once in the result
 */
export function statsTags(labels: Iterable<string>): StatsTag[] {
  return [...new Set(labels)].sort().map((label) => ({
    tag_name: label,
    // The first group is taken out of the name, the second is the value. In front stands a name's start or another label's end, so that
    // no label is found at the end of another one's name.
    regex: `(?:wasmcustom\\.|;\\.;)(${label.replace(/[^A-Za-z0-9_]/g, '\\$&')}=\\.=(.*?);\\.;)`,
  }));
}
