/** Which of a run's series TensorBoard's own Scalars tab has, too. */
import type {RunReport} from '../types';

/** What this package writes for viewers without the plugin; `tb_stability/summary/tags.py` has it, too. */
const HEADLINES = ['loss', 'learning_rate', 'grad_norm', 'update_ratio_max'];

/** The tag of a series of the whole run; null where it is none of TensorBoard's scalars. */
export function scalarTag({source}: Pick<RunReport, 'source'>, series: string): string | null {
  if (source.recorded) return HEADLINES.includes(series) ? `stability/${series}` : null;
  return Object.hasOwn(source.tags, series) ? (source.tags[series] ?? null) : null;
}

/** All series with a tag, by name. */
export function scalarTags(report: Pick<RunReport, 'source'>): {series: string; tag: string}[] {
  const {recorded, tags} = report.source;
  return (recorded ? HEADLINES : Object.keys(tags)).flatMap((series) => {
    const tag = scalarTag(report, series);
    return tag === null ? [] : [{series, tag}];
  });
}
