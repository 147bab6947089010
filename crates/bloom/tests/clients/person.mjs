// Who presses Allow: TEST_EMAIL with TEST_PASSWORD, at the Bloom that runs at TEST_ORIGIN.

const { TEST_ORIGIN: origin, TEST_EMAIL: email, TEST_PASSWORD: password } = process.env

/** A person at a browser: signs in, presses Allow, and is sent back to the app. */
export async function allow(url) {
  let cookie = ''
  const go = async (place, fields) => {
    const form = { method: 'POST', body: new URLSearchParams(fields) }
    const answer = await fetch(new URL(place, origin), {
      redirect: 'manual',
      headers: { cookie },
      ...(fields ? form : {}),
    })
    cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    return { place: answer.headers.get('location'), page: await answer.text() }
  }
  const hidden = (page) =>
    Object.fromEntries([...page.matchAll(/name="(form_token|next|request)" value="([^"]*)"/g)].map((m) => m.slice(1)))
  const asked = await go(url)
  const signIn = await go(asked.place)
  const signedIn = await go('/sign-in', { ...hidden(signIn.page), email, password })
  const question = await go(signedIn.place)
  const answered = await go('/authorize', { ...hidden(question.page), decision: 'allow' })
  return new URL(answered.place)
}
