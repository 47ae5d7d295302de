/** Something that opens below its name, and closes at Escape and at a click elsewhere. */
import type {ComponentChildren} from 'preact';
import {useEffect, useRef} from 'preact/hooks';

interface PopoverProps {
  label: string;
  class: string;
  id?: string;
  children: ComponentChildren;
}

export function Popover({label, class: name, id, children}: PopoverProps) {
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
      id={id}
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
