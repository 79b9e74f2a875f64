// Simple drawings of our own, on 24 by 24 in the colour of the text. They stand beside words, so that no reader hears them.
const LINES = {
  overview: "M4 19V11M10 19V5M16 19v-6M21 19H3",
  waste: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v6M14 11v6",
  unlock: "M5 11h14v9H5zM8 11V7a4 4 0 0 1 7.7-1.5M12 15v2",
  week: "M4 6h16v14H4zM4 11h16M8 3v5M16 3v5M8 15h3",
  savings: "M12 3v18M16.5 7.5C16 6 14 5.5 12 5.5c-2.500 0-4.500 1-4.500 3.200c0 4.600 9.500 2 9.500 6.600c0 2.200-2.200 3.200-5 3.200c-2.500 0-4.500-1-5-2.800",
  forecast: "M4 4v16h17M7 15l4-4l3 3l6-7M16 7h4v4",
  trust: "M12 3l8 3v6c0 4.500-3.500 7.500-8 9c-4.500-1.500-8-4.500-8-9V6zM8 12l3 3l5-6",
  admin: "M4 7h9M17 7h3M15 4.500v5M4 17h3M11 17h9M9 14.500v5",
  work: "M4 6l2 2l3-4M4 13l2 2l3-4M4 20l2 2l3-4M13 6h8M13 13h8M13 20h8",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  warning: "M12 3L2 20h20zM12 10v4M12 17v.5",
  info: "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 11v6M12 7v.5",
  check: "M4 12.5l5.5 5.5L20 6.5",
  close: "M5 5l14 14M19 5L5 19",
  download: "M12 4v11M7 11l5 5l5-5M4 20h16",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M15.5 15.5L21 21",
  leave: "M10 4H4v16h6M9 12h12M17 8l4 4l-4 4",
} as const;

export type IconName = keyof typeof LINES;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" width="16" height="16" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={LINES[name]} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
