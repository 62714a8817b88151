// The engine's answers for saved spots, as they come by server-sent events.

export const watch = (address, canvas, panel, heard) => {
  const badge = document.querySelector("#answers");
  let at = 0;
  let lost = false;
  const tick = () => {
    if (!at) return;
    const seconds = Math.floor((performance.now() - at) / 1000);
    const age = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
    badge.dataset.state = lost ? "stale" : "live";
    badge.textContent = lost ? `Connection lost, answers are ${age} old` : `Answers live, last change ${age} ago`;
  };
  follow(address, {
    answers: (told) => {
      for (const [id, answer] of Object.entries(told.spots)) canvas.states.set(Number(id), answer);
      at = performance.now();
      canvas.draw();
      panel.showAnswer();
      tick();
      heard(told);
    },
  }, {
    heard: () => { lost = false; },
    lost: () => { lost = true; tick(); },
  });
  setInterval(tick, 1000);
};
