/** What stands where data is missing: an error with a way to try again, a skeleton, an empty state. */
import type {ComponentChildren} from 'preact';

/** An error, in the place of what could not be loaded. */
export function ErrorNotice({what, error, retry}: {what: string; error: string; retry: () => void}) {
  return (
    <div class="notice notice-error" role="alert">
      <p>
        <strong>{what} could not be loaded.</strong> <bdi>{error}</bdi>
      </p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

/** Keeps the place of what is loading, so that nothing jumps. */
export function Skeleton({height, label}: {height: number; label: string}) {
  return (
    <div class="skeleton" style={{height: `${height}px`}} role="status">
      <span>Loading {label} …</span>
    </div>
  );
}

export function Notice({children}: {children: ComponentChildren}) {
  return <div class="notice">{children}</div>;
}

const IN_FIT = `from tb_stability import StabilityCallback
model.fit(x, y, callbacks=[StabilityCallback("logs/exp1")])`;

/** A logdir in which nothing was found. */
export function NoRuns({logdir}: {logdir: string}) {
  return (
    <section class="empty">
      <h2>No runs yet</h2>
      <p>
        Nothing that this tab reads was found in <code>{logdir}</code>. Record a Keras training with these two
        lines:
      </p>
      <pre>
        <code>{IN_FIT}</code>
      </pre>
      <p>
        A custom training loop uses <code>StabilityMonitor</code> and calls <code>monitor.on_step(loss)</code>{' '}
        after each step. Runs appear here when TensorBoard next reloads its data.
      </p>
    </section>
  );
}
