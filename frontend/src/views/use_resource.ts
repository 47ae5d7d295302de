/** Data from the API inside of a view. */
import {useEffect, useRef, useState} from 'preact/hooks';
import type {State} from '../state';

export interface Resource<T> {
  /** The latest answer for the same subject; it stays while a newer one is loading. */
  value: T | null;
  error: string | null;
  retry: () => void;
}

/**
 * Loads when `key` or the generation of the data changes.
 *
 * `subject` says what the data is about: while only the key changes (a zoom)
 * the old value stays, with another subject (a run) it goes at once. A null
 * key loads nothing.
 */
export function useResource<T>(
  state: State,
  subject: string,
  key: string | null,
  load: () => Promise<T>
): Resource<T> {
  const [answer, setAnswer] = useState<{subject: string; value: T | null; error: string | null} | null>(null);
  const [attempt, setAttempt] = useState(0);
  const generation = state.generation.value;
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    if (key === null) return;
    let stale = false;
    state.pending.value++;
    const settle = (value: T | null, error: string | null) => {
      state.pending.value--;
      if (stale) return;
      // After a failed reload the old data still stands; the error is shown beside it.
      setAnswer((old) => ({subject, value: value ?? (old?.subject === subject ? old.value : null), error}));
    };
    latest.current().then(
      (value) => {
        settle(value, null);
      },
      (error: unknown) => {
        settle(null, error instanceof Error ? error.message : String(error));
      }
    );
    return () => {
      stale = true;
    };
  }, [state, subject, key, generation, attempt]);

  const own = answer?.subject === subject ? answer : null;
  return {
    value: own?.value ?? null,
    error: own?.error ?? null,
    retry: () => {
      setAttempt((count) => count + 1);
    },
  };
}

/** `value`, once it has not changed for `delay` milliseconds. */
export function useSettled<T>(value: T, delay: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(value);
    }, delay);
    return () => {
      clearTimeout(timer);
    };
  }, [value, delay]);
  return settled;
}
