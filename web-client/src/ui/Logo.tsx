export function Logo() {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.25"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M4.5 4v8a7.5 7.5 0 0 0 15 0V4" />
      <path d="M9.25 4v8a2.75 2.75 0 0 0 5.5 0V4" />
    </svg>
  );
}
