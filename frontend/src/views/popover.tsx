/** Something that opens below its name, and closes at Escape and at a click elsewhere. */
import type {ComponentChildren} from 'preact';
import {useEffect, useRef} from 'preact/hooks';

export function Popover({
  label,
  class: name,
  children,
}: {
  label: string;
  class: string;
  children: ComponentChildren;
}) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const onPointerDown = (event: Event) => {
      if (!details.current || (event.target instanceof Node && details.current.contains(event.target)))
        return;
      details.current.open = false;
    };
    window.addEventListener('pointerdown', onPointerDown);
    return () => {
      window.removeEventListener('pointerdown', onPointerDown);
    };
  }, []);
  return (
    <details
      ref={details}
      class={`popover ${name}`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !event.currentTarget.open) return;
        // Not also the whole run.
        event.stopPropagation();
        event.currentTarget.open = false;
        event.currentTarget.querySelector('summary')?.focus();
      }}
    >
      <summary>{label}</summary>
      <div class="popover-body">{children}</div>
    </details>
  );
}
