// A sentence of the kernel in, the same sentence out, with its `code` set as code.
import { memo } from 'react';

export const Spoken = memo(function Spoken({ text }: { readonly text: string }) {
  // Between two backticks stands every second part.
  const parts = text.split('`');
  if (parts.length < 3 || parts.length % 2 === 0) return <>{text}</>;
  return <>{parts.map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
});
