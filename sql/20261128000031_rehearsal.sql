-- make rebuild shows what Stripe's facts would change before it changes anything.

-- Locks, in this order: the rehearsal (advisory, so that there is one at a time), all orders and all
-- payments (advisory), all purchase rows, all users' rows; rows of one kind in the order of their ids. Kind
-- by kind this is the order of record_facts, and of mark_swept for users, so nothing deadlocks with it.
create function public.rehearse_facts(
    p_facts  jsonb,
    p_policy text default 'debt'
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_before jsonb;
    v_answer jsonb;
begin
    perform purse.require_server();
    -- All locks are taken before any fact is recorded.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('rehearsal', 0));
    perform purse.lock_order(e.value ->> 'order_id') from jsonb_array_elements(p_facts) e;
    perform purse.lock_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e;
    perform from public.purchases p
    where p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
        or p.id in (select purse.purchase_of_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e)
    order by p.id
    for no key update;

    select coalesce(jsonb_object_agg(p.id, p.credits_posted), '{}'::jsonb) into v_before
    from public.purchases p
    where p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
        or p.id in (select purse.purchase_of_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e);

    begin
        -- Accounts that do not exist yet are created here, in the order of their ids as well: two transactions
        -- that create the same accounts wait for each other as for locks.
        insert into public.user_credits (user_id)
        select distinct purse.owner_of((e.value ->> 'user_id')::uuid) as user_id
        from jsonb_array_elements(p_facts) e
        where e.value ->> 'user_id' is not null
        order by user_id
        on conflict (user_id) do nothing;
        perform purse.lock_accounts(array(
            select purse.owner_of((e.value ->> 'user_id')::uuid) from jsonb_array_elements(p_facts) e
            union
            select p.user_id
            from public.purchases p
            where p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
                or p.id in (select purse.purchase_of_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e)
        ));
        perform public.record_facts(e.value, p_policy) from jsonb_array_elements(p_facts) e;

        select jsonb_agg(jsonb_build_object(
            'purchase_id', p.id,
            'user_id', p.user_id,
            'status', p.status,
            'posted_before', coalesce((v_before ->> p.id::text)::bigint, 0),
            'posted', p.credits_posted
        ) order by p.created_at, p.id) into v_answer
        from public.purchases p
        where (
                p.id in (select (e.value ->> 'order_id')::uuid from jsonb_array_elements(p_facts) e)
                or p.id in (select purse.purchase_of_payment(e.value ->> 'payment_intent_id') from jsonb_array_elements(p_facts) e)
            )
            and p.credits_posted <> coalesce((v_before ->> p.id::text)::bigint, 0);

        raise exception using errcode = 'PRHRS', message = 'the rehearsal is over';
    exception
        when sqlstate 'PRHRS' then
            return coalesce(v_answer, '[]'::jsonb);
    end;
end
$$;

comment on function public.rehearse_facts(jsonb, text) is
'What recording these facts would change in the ledger. Changes nothing: it calls record_facts, reads the
result and rolls back. p_facts is a list of facts.
Returns [{purchase_id, user_id, status, posted_before, posted}], only for purchases that would change.';
revoke all on function public.rehearse_facts(jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.rehearse_facts(jsonb, text) to service_role;
