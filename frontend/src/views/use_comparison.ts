/** The scalar series of everything that is compared. */
import {useEffect} from 'preact/hooks';
import type {Api, Extract} from '../api';
import {agreement, type OwnSeries} from '../lib/agreement';
import {commonSteps, runsOf, type Compared} from '../lib/compare';
import {AGREEING_SERIES, type Agreements} from '../lib/differences';
import type {Frame} from '../lib/frame';
import {columnsOf, seriesOf} from '../lib/series';
import {spreadOf} from '../lib/spread';
import type {State} from '../state';
import {useResource, type Resource} from './use_resource';

/** The most columns that the API gives: up to so many steps, the first different one is known exactly. */
const FINEST_COLUMNS = 4000;

type Frames = ReadonlyMap<string, Frame>;

/** The frames of all compared runs; one that cannot be read fails them all, with its name. */
export function useFrames(
  state: State,
  api: Api,
  compared: readonly Compared[],
  key: string | null,
  extract: Extract
): Resource<Frames> {
  const runs = runsOf(compared).filter(({steps}) => steps.last !== null);
  const names = runs.map(({run}) => run);
  const load = async () => {
    const frames = names.map(async (run) => {
      try {
        return [run, await api.steps(run, extract)] as const;
      } catch (error) {
        throw new Error(`${run}: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
    return new Map(await Promise.all(frames));
  };
  const subject = JSON.stringify(names);
  return useResource(state, subject, key && `${subject} ${key}`, load);
}

/** Finds out how long the first one agreed with each of the others; empty while loading, and where groups are compared. */
export function useAgreements(state: State, api: Api, compared: readonly Compared[]): void {
  const common = compared.some(({isGroup}) => isGroup) ? null : commonSteps(runsOf(compared));
  const key = common && `${common.from}-${common.to}`;
  const {value: frames} = useFrames(state, api, compared, key, {range: common, cols: FINEST_COLUMNS});
  useEffect(() => {
    state.agreements.value =
      frames && !compared.some(({isGroup}) => isGroup) ? agreements(frames, compared) : [];
  }, [state, frames, compared]);
}

function agreements(frames: Frames, [first, ...others]: readonly Compared[]): Agreements[] {
  const series = (one: Compared | undefined, scalar: string) =>
    seriesOfRun(frames, one?.runs[0]?.run ?? '', scalar);
  return others.map((other) => ({
    name: other.name,
    series: Object.fromEntries(
      Object.keys(AGREEING_SERIES).map((scalar) => {
        const [a, b] = [series(first, scalar), series(other, scalar)];
        return [scalar, a && b ? agreement(a, b) : null];
      })
    ),
  }));
}

/** The series of a run, or the spread of a group; null where none of its runs has it. */
export function comparedSeries(frames: Frames, {runs}: Compared, scalar: string): OwnSeries | null {
  const found = runs.flatMap(({run}) => seriesOfRun(frames, run, scalar) ?? []);
  return found.length > 1 ? spreadOf(found) : (found[0] ?? null);
}

function seriesOfRun(frames: Frames, run: string, scalar: string): OwnSeries | null {
  const frame = frames.get(run);
  const series = frame ? seriesOf(frame, scalar) : null;
  return frame && series ? {columns: columnsOf(frame), series} : null;
}
