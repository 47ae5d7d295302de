/** The view of a plot: while the reader moves it, plots out of sight wait. */
import type {RefObject} from 'preact';
import {useEffect, useRef, useState} from 'preact/hooks';
import type {StepRange} from '../lib/range';
import type {State} from '../state';

/** The steps in view; of a plot out of sight those from before the reader began to move. */
export function useSeenView(state: State, place: RefObject<Element | null>): StepRange | null {
  const [seen, setSeen] = useState(true);
  useEffect(() => {
    if (!place.current) return;
    const observer = new IntersectionObserver((entries) => {
      setSeen(entries.at(-1)?.isIntersecting ?? true);
    });
    observer.observe(place.current);
    return () => {
      observer.disconnect();
    };
  }, [place]);
  const drawn = useRef(state.view.value);
  if (seen || !state.plots.scrubbing.value) drawn.current = state.view.value;
  return drawn.current;
}
