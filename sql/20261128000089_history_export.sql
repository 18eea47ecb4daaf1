-- A person's own history as a table: GET /api/credits/export.

create function public.export_history(
    p_user_id uuid,
    p_cursor  bigint,
    p_limit   integer
)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
    select purse.require_server();
    select purse.require_account(p_user_id);
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', t.id::text,
        'created_at', t.created_at,
        'what', coalesce(
            (select w.name from purse.work_names w where w.hold_id = t.hold_id),
            p.package_name,
            f.name,
            t.feature,
            t.reason
        ),
        'kind', t.kind,
        'feature', coalesce(f.name, t.feature),
        'quantity', t.quantity,
        'credits', t.amount,
        'balance', t.balance_after,
        'price', p.price,
        'order_id', t.purchase_id
    ) order by t.id desc), '[]'::jsonb)
    from (
        select *
        from public.credit_transactions t
        where t.user_id = p_user_id
            and t.id < coalesce(p_cursor, 9223372036854775807)
        order by t.id desc
        limit p_limit
    ) t
    left join public.credit_features f on f.id = t.feature
    -- By id alone, and with the limit: otherwise the planner expects many rows, and scans the table.
    left join lateral (
        select p.package_name,
            case
                when t.kind in ('purchase', 'move_in') and p.paid_at is not null and p.user_id = p_user_id
                    then jsonb_build_object('amount', p.amount_paid, 'currency', p.currency_paid)
            end as price
        from public.purchases p
        where p.id = t.purchase_id
        limit 1
    ) p on true
$$;

comment on function public.export_history(uuid, bigint, integer) is
'A user''s ledger as rows of a table, newest first: p_limit rows before p_cursor. Returns [{id, created_at, what, kind,
feature, quantity, credits, balance, price: {amount, currency} or null, order_id}]; what is the file, pack, feature or reason,
feature its name. price is what was paid for a purchase, in minor units. Raises PT403 if the account was deleted.';
revoke all on function public.export_history(uuid, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.export_history(uuid, bigint, integer) to service_role;
